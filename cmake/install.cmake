# install.cmake - what goes where: programs, library, header, rules, man pages, completions.
install(TARGETS winnow winnow_shared winnow_static)
install(TARGETS winnowd DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS winnow-worker DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/winnow)
install(FILES include/winnow.h TYPE INCLUDE)
install(DIRECTORY rules/ DESTINATION ${CMAKE_INSTALL_DATADIR}/winnow/rules)

# The way back from the .pc file to the prefix, so that the tree can be moved.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
list(JOIN WINNOW_PC_REQUIRES " " pc_requires)
configure_file(cmake/winnow.pc.in winnow.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/winnow.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

foreach(section 1 3 5 7 8)
    file(GLOB pages CONFIGURE_DEPENDS docs/*.${section})
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

install(FILES cli/completions/winnow.bash OPTIONAL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME winnow)
install(FILES cli/completions/_winnow OPTIONAL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES cli/completions/winnow.fish OPTIONAL
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# The units, which say where the program is and share one box.  systemd looks below
# /usr/local/lib as it does below /usr/lib.
set(winnowd ${CMAKE_INSTALL_FULL_SBINDIR}/winnowd)
file(READ systemd/service.in common)
string(STRIP "${common}" common)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS systemd/service.in)
foreach(unit winnowd.service winnowd@.service)
    configure_file(systemd/${unit}.in systemd/${unit} @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/systemd/${unit} DESTINATION lib/systemd/system)
endforeach()
install(FILES systemd/winnowd.sysusers DESTINATION lib/sysusers.d RENAME winnowd.conf)
install(FILES systemd/winnowd.tmpfiles DESTINATION lib/tmpfiles.d RENAME winnowd.conf)
# An example: what stands in /etc is the administrator's.
install(FILES systemd/winnowd.conf DESTINATION ${CMAKE_INSTALL_DOCDIR})
