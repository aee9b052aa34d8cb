# The Debian package of todo-worker: ./todo package, or cpack in a folder of the preset `package`.
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
install(FILES package/copyright ../CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT package)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The authors of todo-worker <authors@todo-worker.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "todo service for a million concurrent users")
set(CPACK_PACKAGE_DESCRIPTION
    "nginx hands requests to its processes over FastCGI. They share one socket,\nand each has a pool of connections to PostgreSQL.")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_COMPONENTS_ALL program package)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION web)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Who makes the user, and who starts it.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nginx, postgresql")
# Where it may be stopped and started. A file in /etc stays as its owner has changed it.
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/package/conffiles "${CMAKE_INSTALL_FULL_SYSCONFDIR}/todo-worker/environment\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/package/conffiles ${CMAKE_CURRENT_SOURCE_DIR}/package/postinst
    ${CMAKE_CURRENT_SOURCE_DIR}/package/prerm ${CMAKE_CURRENT_SOURCE_DIR}/package/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
