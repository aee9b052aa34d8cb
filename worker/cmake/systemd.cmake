# The units, with what several of them share put in, and what they need beside them.
# Both are looked at again when they change.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS systemd/hardening.conf stack/numbers.env)
file(READ systemd/hardening.conf HARDENING)
file(STRINGS stack/numbers.env LISTEN_BACKLOG REGEX "^LISTEN_BACKLOG=")
string(REPLACE "LISTEN_BACKLOG=" "" LISTEN_BACKLOG "${LISTEN_BACKLOG}")

set(units systemd/todo-worker.target systemd/todo-worker-sweep.timer)
foreach(unit IN ITEMS todo-worker.socket todo-worker@.service todo-worker-sweep.service)
    configure_file(systemd/${unit}.in systemd/${unit} @ONLY)
    list(APPEND units ${CMAKE_CURRENT_BINARY_DIR}/systemd/${unit})
endforeach()
# One place for units, whatever the architecture: lib, not lib/x86_64-linux-gnu.
install(FILES ${units} DESTINATION lib/systemd/system COMPONENT program)
install(FILES systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME todo-worker.conf COMPONENT program)
# There may be a password in it. `cmake --install` leaves it out: it would overwrite what an operator has written.
install(FILES systemd/environment DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/todo-worker PERMISSIONS OWNER_READ OWNER_WRITE
        COMPONENT package EXCLUDE_FROM_ALL)
