# SPDX-License-Identifier: Apache-2.0
#
# Registers every test with ctest. Names are kind/folder/thing and labels are kinds, so `ctest -L unit` and
# `ctest -R store` select. The sanitizer trees (presets asan, tsan) register the same tests under their own
# prefix; with BIDE_SANITIZED=1 in the environment the release tree's ctest runs theirs too, in one sum.

# Sanitizer run-times of gcc 12 die under the 32 bits of address randomisation newer kernels use; some containers
# forbid to turn it off.
set(launcher "")
if(BIDE_SANITIZE)
  execute_process(COMMAND setarch -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
  if(NOT refused)
    set(launcher setarch -R)
  endif()
endif()

# What the suites in Python get in their environment; of a sanitizer tree also a plugin that makes reports failures, and
# the patience that a slow server needs.
set(python_environment "PYTHONPATH=${CMAKE_SOURCE_DIR}/sdk/python")
set(plugin "")
if(BIDE_SANITIZE)
  string(APPEND python_environment ":${CMAKE_SOURCE_DIR}/test/api;BIDE_SANITIZER=${BIDE_SANITIZE};BIDE_TEST_PATIENCE=60")
  set(plugin -p sanitized)
endif()

# bide_test(KIND NAME SECONDS COMMAND...)
# report_thread_leaks: a second signal ends a server at once, with threads that have ended and were not joined.
function(bide_test kind name seconds)
  if(BIDE_SANITIZE)
    math(EXPR seconds "${seconds} * 4") # what a sanitizer costs, on a machine that has something else to do, too
  endif()
  add_test(NAME ${BIDE_TEST_PREFIX}${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  string(REPLACE "/" "" tree "${BIDE_TEST_PREFIX}")
  set_tests_properties(${BIDE_TEST_PREFIX}${name} PROPERTIES TIMEOUT ${seconds} LABELS "${kind};${tree}"
    ENVIRONMENT "ASAN_OPTIONS=detect_leaks=1:handle_abort=1;UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1;\
TSAN_OPTIONS=second_deadlock_stack=1:report_thread_leaks=0:handle_abort=1:suppressions=${CMAKE_SOURCE_DIR}/test/races.supp:print_suppressions=0;\
LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/test/leaks.supp:print_suppressions=0;\
BIDE_BIN=${CMAKE_BINARY_DIR}/bide;BIDE_BUILD=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1;${python_environment}")
endfunction()

# bide_test_programs(KIND DIRECTORY FOLDER [LIBRARY...]): each test_*.c of the directory is a program; its other .c
# files are shared by them. They link the folder's library and so, through it, lower floors only.
function(bide_test_programs kind directory folder)
  file(GLOB all CONFIGURE_DEPENDS ${directory}/*.c)
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "/test_[^/]*\\.c$")
  list(FILTER all EXCLUDE REGEX "/test_[^/]*\\.c$")
  if(kind STREQUAL "sim")
    set(all "") # they are a library: others stand on it, too
  endif()
  file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/test ${directory})
  foreach(test IN LISTS tests)
    get_filename_component(thing ${test} NAME_WE)
    string(REGEX REPLACE "^test_" "" thing ${thing})
    string(REPLACE "/" "_" target "test_${name}_${thing}")
    add_executable(${target} ${test} ${all})
    target_include_directories(${target} PRIVATE test .)
    target_link_libraries(${target} PRIVATE ${ARGN} bide_${folder})
    if(kind STREQUAL "sim")
      target_link_options(${target} PRIVATE -Wl,--wrap=life_step,-u,__wrap_life_step) # test/sim/sim_cells.h
    endif()
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
    set(seconds 120)
    if(kind STREQUAL "contract")
      set(seconds 900)
    elseif(kind STREQUAL "sim")
      set(seconds 1800)
    endif()
    bide_test(${kind} ${name}/${thing} ${seconds} ${launcher} $<TARGET_FILE:${target}>)
  endforeach()
endfunction()

# A whole server on a clock of the test's own: what test/sim and the unit tests of server/ and api/ stand on.
file(GLOB sim CONFIGURE_DEPENDS test/sim/sim*.c test/contract/power.c)
add_library(bide_sim STATIC EXCLUDE_FROM_ALL ${sim})
target_include_directories(bide_sim PRIVATE .)
target_link_libraries(bide_sim PUBLIC bide_server)
set(BIDE_RIG_server bide_sim)
set(BIDE_RIG_api bide_sim)

if("unit" IN_LIST BIDE_TESTS)
  foreach(folder base task schema loop client store blob http handler sink server api cli)
    if(NOT BIDE_UNIT_FOLDERS OR folder IN_LIST BIDE_UNIT_FOLDERS)
      bide_test_programs(unit ${CMAKE_SOURCE_DIR}/test/unit/${folder} ${folder} ${BIDE_RIG_${folder}})
    endif()
  endforeach()
endif()
if("contract" IN_LIST BIDE_TESTS)
  bide_test_programs(contract ${CMAKE_SOURCE_DIR}/test/contract store)
endif()
if("sim" IN_LIST BIDE_TESTS)
  bide_test_programs(sim ${CMAKE_SOURCE_DIR}/test/sim server bide_sim)
endif()

# Fuzz targets: with BIDE_FUZZ libFuzzer programs, else plain tests that run their corpus.
if("fuzz" IN_LIST BIDE_TESTS OR BIDE_FUZZ)
  file(GLOB fuzzers CONFIGURE_DEPENDS test/fuzz/fuzz_*.c)
  foreach(fuzzer IN LISTS fuzzers)
    get_filename_component(target ${fuzzer} NAME_WE)
    string(REGEX REPLACE "^fuzz_" "" thing ${target})
    add_executable(${target} ${fuzzer})
    target_include_directories(${target} PRIVATE test .)
    target_link_libraries(${target} PRIVATE bide_sim bide_api)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    if(BIDE_FUZZ)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      target_compile_definitions(${target} PRIVATE FUZZ_BY_LIBFUZZER)
    else()
      target_sources(${target} PRIVATE test/fuzz/corpus_main.c)
      bide_test(fuzz fuzz/${thing} 120 ${launcher} $<TARGET_FILE:${target}> ${CMAKE_SOURCE_DIR}/test/fuzz/corpus/${thing})
    endif()
  endforeach()
endif()

# Calls of libc that fail on demand: preloaded into bide by test/fault and test/crash.
if("fault" IN_LIST BIDE_TESTS AND NOT BIDE_SANITIZE)
  add_library(interpose MODULE test/fault/interpose.c)
  set_target_properties(interpose PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  target_link_libraries(interpose PRIVATE ${CMAKE_DL_LIBS})
endif()

# A worker on libbide, for the suites in Python.
if("api" IN_LIST BIDE_TESTS)
  add_executable(pulled test/api/workers/pulled.c)
  target_link_libraries(pulled PRIVATE bide_client)
  set_target_properties(pulled PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  add_executable(ws_echo test/api/peers/ws_echo.c)
  target_link_libraries(ws_echo PRIVATE bide_http)
  set_target_properties(ws_echo PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
endif()

# Suites in Python against the real binary: one ctest test per file.
foreach(kind api crash fault hostile misbehave upgrade cli python docs bench)
  if(kind IN_LIST BIDE_TESTS)
    file(GLOB suites CONFIGURE_DEPENDS test/${kind}/test_*.py)
    foreach(suite IN LISTS suites)
      get_filename_component(thing ${suite} NAME_WE)
      string(REGEX REPLACE "^test_" "" thing ${thing})
      bide_test(${kind} ${kind}/${thing} 600 ${launcher} /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider ${plugin} ${suite})
    endforeach()
  endif()
endforeach()

# Suites of the Node package, with Node's own test runner; skipped, with a line that says so, where there is no Node.
if("node" IN_LIST BIDE_TESTS)
  file(GLOB suites CONFIGURE_DEPENDS test/node/test_*.mjs)
  foreach(suite IN LISTS suites)
    get_filename_component(thing ${suite} NAME_WE)
    string(REGEX REPLACE "^test_" "" thing ${thing})
    bide_test(node node/${thing} 300 ${CMAKE_SOURCE_DIR}/test/node/run.sh ${suite})
    set_tests_properties(${BIDE_TEST_PREFIX}node/${thing} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endif()

# The dashboard in a real Chromium; skipped, with a line that says so, where there is none.
if("web" IN_LIST BIDE_TESTS)
  file(GLOB suites CONFIGURE_DEPENDS test/web/test_*.mjs)
  foreach(suite IN LISTS suites)
    get_filename_component(thing ${suite} NAME_WE)
    string(REGEX REPLACE "^test_" "" thing ${thing})
    bide_test(web web/${thing} 300 ${CMAKE_SOURCE_DIR}/test/web/run.sh ${suite})
    set_tests_properties(${BIDE_TEST_PREFIX}web/${thing} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endif()

# Planted bugs: each is built into the program of its net, which has to find it.
if("planted" IN_LIST BIDE_TESTS)
  file(GLOB tables CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/planted/*.py)
  foreach(table ${tables})
    file(STRINGS ${table} rows REGEX "^    \"[a-z_]+\": \\($")
    list(APPEND bugs ${rows})
  endforeach()
  foreach(bug IN LISTS bugs)
    string(REGEX REPLACE "[^a-z_]" "" bug "${bug}")
    bide_test(planted planted/${bug} 900 /usr/bin/python3 test/planted/planted.py ${bug})
  endforeach()
endif()

# House checks: each holds for this tree, and each is seen to fail on a planted fault.
if("house" IN_LIST BIDE_TESTS)
  foreach(check includes exports size banned words limits-doc config-doc)
    bide_test(house house/${check} 60 scripts/check-${check} --build ${CMAKE_BINARY_DIR})
    bide_test(house house/${check}-can-fail 60 scripts/check-${check} --self-test)
  endforeach()
  # Builds the heart and its unit tests below the build folder; after the first time only what has changed.
  bide_test(house house/coverage 600 scripts/check-coverage --build ${CMAKE_BINARY_DIR})
  bide_test(house house/coverage-can-fail 120 scripts/check-coverage --self-test)
endif()

# Other people's eyes on the source: minutes the first time, after that only what has changed. `make lint`.
if("lint" IN_LIST BIDE_TESTS)
  foreach(check tidy cppcheck)
    bide_test(lint lint/${check} 3600 scripts/check-${check} --build ${CMAKE_BINARY_DIR})
    bide_test(lint lint/${check}-can-fail 300 scripts/check-${check} --self-test)
  endforeach()
  set_tests_properties(${BIDE_TEST_PREFIX}lint/tidy ${BIDE_TEST_PREFIX}lint/cppcheck PROPERTIES PROCESSORS 2)
endif()

# What takes longest begins first: begun last, it would run on alone. Minutes on two processors; and before all the one that takes
# both, which are free together at the beginning only.
set(longest lint/tidy=9 sim/random=4 contract/migrate_cut=3 contract/power=3 crash/write=2 fault/memory=2 api/pull_workers=2
    api/character_recognition=2 api/transcribe=2 api/speech_notes=2)
foreach(one IN LISTS longest)
  string(REPLACE "=" ";" one ${one})
  list(GET one 0 name)
  list(GET one 1 minutes)
  if(TEST ${BIDE_TEST_PREFIX}${name})
    set_tests_properties(${BIDE_TEST_PREFIX}${name} PROPERTIES COST ${minutes})
  endif()
endforeach()

if(NOT BIDE_TEST_PREFIX)
  file(WRITE ${CMAKE_BINARY_DIR}/sanitized.cmake [[
if("$ENV{BIDE_SANITIZED}" STREQUAL "1")
  subdirs(asan tsan)
endif()
]])
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY TEST_INCLUDE_FILES ${CMAKE_BINARY_DIR}/sanitized.cmake)
endif()
