# What Debian wants of the packages, and CPack does not do by itself: it reads this when their files lie below
# CPACK_TEMPORARY_DIRECTORY, and before it packs them.
set(version ${CPACK_PACKAGE_VERSION})
set(name changelog)
if(CPACK_DEBIAN_PACKAGE_RELEASE)
    string(APPEND version -${CPACK_DEBIAN_PACKAGE_RELEASE})
    set(name changelog.Debian)
endif()
file(GLOB folders ${CPACK_TEMPORARY_DIRECTORY}/*${CPACK_PACKAGING_INSTALL_PREFIX}/share/doc/*)
foreach(folder IN LISTS folders)
    cmake_path(GET folder FILENAME package)
    file(TIMESTAMP ${folder}/CHANGELOG.md date "%a, %d %b %Y %H:%M:%S +0000" UTC)
    if(CPACK_DEBIAN_PACKAGE_RELEASE)
        file(RENAME ${folder}/CHANGELOG.md ${folder}/changelog)  # then this name is the project's own
    endif()
    file(WRITE ${folder}/${name}
         "${package} (${version}) stable; urgency=medium\n\n  * What is new stands in the project's CHANGELOG.md.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
    file(GLOB logs ${folder}/changelog*)
    execute_process(COMMAND gzip -9n ${logs} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

file(GLOB_RECURSE archives ${CPACK_TEMPORARY_DIRECTORY}/*.a)
foreach(archive IN LISTS archives)
    execute_process(COMMAND strip --strip-debug ${archive} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
