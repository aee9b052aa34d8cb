# What `cmake --install` puts where, so that another project finds it with find_package(fcgi_worker) or pkg-config.
# fcgi_worker and fcgi_worker::pq are components of their own: who needs no database installs no libpqxx.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/fcgi_worker)

# install_library(TARGET NAME COMPONENT): an archive, its targets file, and what pkg-config reads.
function(install_library target name component)
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    install(TARGETS ${target} EXPORT ${target} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component}
            INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(EXPORT ${target} FILE ${target}-targets.cmake NAMESPACE fcgi_worker:: DESTINATION ${package_folder}
            COMPONENT ${component})
    # Relative, so that the whole may be moved.
    file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/${target}.pc.in ${target}.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${target}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
            COMPONENT ${component})
endfunction()

install_library(fcgi_worker fcgi_worker library)
install(DIRECTORY include/fcgi_worker DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library PATTERN pq EXCLUDE)
configure_file(cmake/fcgi_worker-config.cmake.in fcgi_worker-config.cmake @ONLY)
# Before 1.0, a minor release may change what an embedding program sees.
write_basic_package_version_file(fcgi_worker-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fcgi_worker-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/fcgi_worker-config-version.cmake
        DESTINATION ${package_folder} COMPONENT library)

if(TARGET fcgi_worker_pq)
    install_library(fcgi_worker_pq pq pq)
    install(DIRECTORY include/fcgi_worker/pq DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fcgi_worker COMPONENT pq)
endif()

if(TARGET todo-worker)
    install(TARGETS todo-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
    include(cmake/systemd.cmake)
    include(cmake/package.cmake)
endif()
