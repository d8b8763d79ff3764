# Everything the project's targets share. No global flags: each target asks for what it needs through
# tecnochat_library, tecnochat_service and tecnochat_test.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

# ccache finds an object again from any clone: paths below the source tree are made relative.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

include(TecnochatDependencies)

set(TECNOCHAT_SANITIZE "" CACHE STRING "address,undefined or thread: build everything with that sanitizer")

# Warnings and sanitizers as INTERFACE targets, linked PRIVATE: generated code never sees them.
add_library(tecnochat_warnings INTERFACE)
target_compile_options(tecnochat_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

add_library(tecnochat_options INTERFACE)
if(TECNOCHAT_SANITIZE)
    target_compile_options(tecnochat_options INTERFACE -fsanitize=${TECNOCHAT_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(tecnochat_options INTERFACE -fsanitize=${TECNOCHAT_SANITIZE})
    if(TECNOCHAT_SANITIZE STREQUAL "thread")
        # Asio has fences, which this sanitizer does not see: g++ warns of each.
        target_compile_options(tecnochat_options INTERFACE -Wno-tsan)
    endif()
endif()

# tecnochat_library(NAME core SRCS a.cpp … DEPS tecnochat::core … PRIVATE_DEPS spdlog::spdlog …)
#   -> target tecnochat_core, alias tecnochat::core, include/ public, src/ private.
function(tecnochat_library)
    cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
    set(target tecnochat_${ARG_NAME})
    add_library(${target} STATIC ${ARG_SRCS})
    add_library(tecnochat::${ARG_NAME} ALIAS ${target})
    target_include_directories(${target} PUBLIC include PRIVATE src)
    target_link_libraries(${target} PUBLIC ${ARG_DEPS} tecnochat_options
                                    PRIVATE ${ARG_PRIVATE_DEPS} tecnochat_warnings)
endfunction()

# tecnochat_service(NAME message-router SRCS … DEPS …)
#   One OBJECT library shared by the binary and its tests (alias tecnochat::message-router_objs);
#   only src/main.cpp stays out of it. The binary is called after the service.
function(tecnochat_service)
    cmake_parse_arguments(ARG "" "NAME" "SRCS;DEPS" ${ARGN})
    set(objs ${ARG_NAME}_objs)
    add_library(${objs} STATIC ${ARG_SRCS})
    add_library(tecnochat::${objs} ALIAS ${objs})
    target_include_directories(${objs} PUBLIC src)
    target_link_libraries(${objs} PUBLIC ${ARG_DEPS} tecnochat_options PRIVATE tecnochat_warnings)
    add_executable(${ARG_NAME} src/main.cpp)
    target_link_libraries(${ARG_NAME} PRIVATE ${objs} tecnochat_warnings)
    set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# tecnochat_test(NAME core_test LABEL unit SRCS … DEPS …)
#   A Catch2 binary; every TEST_CASE becomes one ctest test carrying LABEL
#   (unit | component | contract | functional | crash). ENVIRONMENT and TIMEOUT pass through.
function(tecnochat_test)
    cmake_parse_arguments(ARG "SERIAL" "NAME;LABEL;TIMEOUT" "SRCS;DEPS;ENVIRONMENT" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    add_executable(${ARG_NAME} ${ARG_SRCS})
    target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPS} Catch2::Catch2WithMain tecnochat_options tecnochat_warnings)
    target_compile_definitions(${ARG_NAME} PRIVATE TECNOCHAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    if(TECNOCHAT_SANITIZE STREQUAL "thread")
        # Lets ThreadSanitizer see librdkafka's threads and locks.
        target_sources(${ARG_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/tests/sanitizers/c11_threads.cpp)
    endif()
    set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    set(properties LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
    if(ARG_SERIAL)
        list(APPEND properties RUN_SERIAL TRUE)
    endif()
    if(ARG_ENVIRONMENT)
        list(APPEND properties ENVIRONMENT "${ARG_ENVIRONMENT}")
    endif()
    catch_discover_tests(${ARG_NAME} TEST_PREFIX "${ARG_NAME}: " PROPERTIES ${properties})
endfunction()
