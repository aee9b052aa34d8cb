# The Debian packages, of todo-worker and of the library: ./todo package, or cpack in a folder of the preset `package`.
find_program(HELP2MAN help2man)
if(HELP2MAN)
    # The options, from the program itself; and once more by their names in the environment.
    add_custom_command(OUTPUT todo-worker.8.gz
        COMMAND ${HELP2MAN} --no-info --section 8 --include ${CMAKE_CURRENT_SOURCE_DIR}/package/todo-worker.h2m
                --output todo-worker.8 $<TARGET_FILE:todo-worker>
        COMMAND gzip -9nf todo-worker.8
        DEPENDS todo-worker package/todo-worker.h2m VERBATIM)
    add_custom_command(OUTPUT todo-worker.conf.5.gz
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/conf-manual $<TARGET_FILE:todo-worker> todo-worker.conf.5
        COMMAND gzip -9nf todo-worker.conf.5
        DEPENDS todo-worker package/conf-manual package/todo-worker.conf.5.in VERBATIM)
    add_custom_target(manual DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/todo-worker.8.gz ${CMAKE_CURRENT_BINARY_DIR}/todo-worker.conf.5.gz)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/todo-worker.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT package OPTIONAL)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/todo-worker.conf.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT package OPTIONAL)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The authors of todo-worker <authors@todo-worker.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each has its own
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/package/finish.cmake)
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# debian_package(NAME SECTION DESCRIPTION COMPONENT...): what is installed as these, and documents, which `cmake --install` leaves
# out, in one package. For CPack they are a group of that name, whose variables have it in capitals. The description's first line is
# its summary.
macro(debian_package name section description)
    install(FILES package/copyright ../CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${name} COMPONENT ${name} EXCLUDE_FROM_ALL)
    string(TOUPPER ${name} group)
    set(CPACK_DEBIAN_${group}_PACKAGE_NAME ${name})
    set(CPACK_DEBIAN_${group}_PACKAGE_SECTION ${section})
    set(CPACK_DEBIAN_${group}_DESCRIPTION "${description}")
    foreach(component IN ITEMS ${name} ${ARGN})
        string(TOUPPER ${component} capitals)
        set(CPACK_COMPONENT_${capitals}_GROUP ${name})
        list(APPEND CPACK_COMPONENTS_ALL ${component})
    endforeach()
endmacro()

debian_package(todo-worker web "todo service for a million concurrent users
nginx hands requests to its processes over FastCGI. They share one socket,
and each has a pool of connections to PostgreSQL." program package)
# Who makes the user, and who starts it.
set(CPACK_DEBIAN_TODO-WORKER_PACKAGE_DEPENDS "systemd")
set(CPACK_DEBIAN_TODO-WORKER_PACKAGE_SUGGESTS "nginx, postgresql")
# Where it may be stopped and started. A file in /etc stays as its owner has changed it.
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/package/conffiles "${CMAKE_INSTALL_FULL_SYSCONFDIR}/todo-worker/environment\n")
set(CPACK_DEBIAN_TODO-WORKER_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/package/conffiles
    ${CMAKE_CURRENT_SOURCE_DIR}/package/postinst ${CMAKE_CURRENT_SOURCE_DIR}/package/prerm ${CMAKE_CURRENT_SOURCE_DIR}/package/postrm)

debian_package(libfcgi-worker-dev libdevel "FastCGI server to embed in a C++ program
A library with threads, a router and problem details, for programs that serve
HTTP behind nginx: the headers and an archive." library)
set(CPACK_DEBIAN_LIBFCGI-WORKER-DEV_PACKAGE_DEPENDS "libboost-context1.81-dev, libfcgi-dev")
debian_package(libfcgi-worker-pq-dev libdevel "pool of PostgreSQL connections for libfcgi-worker
Threads of a program share its connections, and concurrent requests a round
trip: the headers and an archive." pq)
# CMake finds libpqxx and libpq by pkg-config.
set(CPACK_DEBIAN_LIBFCGI-WORKER-PQ-DEV_PACKAGE_DEPENDS "libpq-dev, libpqxx-dev, pkg-config")
set(CPACK_COMPONENT_LIBFCGI-WORKER-PQ-DEV_DEPENDS libfcgi-worker-dev)  # of the same version
include(CPack)
