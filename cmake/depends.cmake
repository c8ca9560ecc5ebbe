# depends.cmake - the libraries that libwinnow stands on, and the choice of HTML parser.
#
# winnow_system_depends is what a program needs beside libwinnow.a; winnow_depends adds
# lexbor and the build's definitions, for our own objects, tests and benchmarks.
find_package(PkgConfig REQUIRED)

set(WINNOW_PC_REQUIRES libxml-2.0 libpcre2-8 uchardet libutf8proc jansson zlib lmdb libzstd)
pkg_check_modules(SYSTEM REQUIRED IMPORTED_TARGET ${WINNOW_PC_REQUIRES})
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
add_library(winnow_system_depends INTERFACE)
target_link_libraries(winnow_system_depends INTERFACE PkgConfig::SYSTEM PkgConfig::XXHASH)

add_library(winnow_depends INTERFACE)
target_link_libraries(winnow_depends INTERFACE winnow_system_depends)

if(NOT WINNOW_PARSER MATCHES "^(auto|lexbor|libxml2)$")
    message(FATAL_ERROR "WINNOW_PARSER is \"${WINNOW_PARSER}\": say auto, lexbor or libxml2")
endif()

# cmake/get-lexbor.sh unpacks lexbor there where the system has none.
set(WINNOW_HAVE_LEXBOR FALSE)
if(NOT WINNOW_PARSER STREQUAL libxml2)
    find_package(lexbor CONFIG QUIET HINTS ${PROJECT_SOURCE_DIR}/build/deps/lexbor/usr)
    if(TARGET lexbor::lexbor_static)
        set(WINNOW_HAVE_LEXBOR TRUE)
        set(WINNOW_LEXBOR_ARCHIVE $<TARGET_FILE:lexbor::lexbor_static>)
        target_link_libraries(winnow_depends INTERFACE lexbor::lexbor_static)
    elseif(WINNOW_PARSER STREQUAL lexbor)
        message(FATAL_ERROR "no static lexbor found: run cmake/get-lexbor.sh build/deps/lexbor, "
                            "or configure with -DWINNOW_PARSER=auto")
    endif()
endif()

target_compile_definitions(winnow_depends INTERFACE
    WINNOW_HAVE_LEXBOR=$<BOOL:${WINNOW_HAVE_LEXBOR}>)
if(WINNOW_HAVE_LEXBOR)
    message(STATUS "HTML parser: lexbor ${lexbor_VERSION}; libxml2 ${SYSTEM_libxml-2.0_VERSION} too")
else()
    message(STATUS "HTML parser: libxml2 ${SYSTEM_libxml-2.0_VERSION}")
endif()
