# Fails, naming file and line, where code reaches outside of its layer:
#
#   scheduling/  may include its own headers, the standard library's values,
#                containers and algorithms, and Abseil's containers, strings,
#                status, span, hash and time types. JSON only in declare/,
#                regular expressions (RE2) only in topology/. No
#                clock, thread, lock, file, environment or randomness.
#   any header   includes no heavy header: those cost seconds in every file.
#
# A library per folder does not see this: header-only libraries need no linking.
#
# cmake -DROOT=<checkout> [-DEXPECTED=<file>] -P layering_test.cmake
#
# With EXPECTED it fails unless it finds exactly the problems in that file.

cmake_minimum_required(VERSION 3.25)

set(std_headers
  algorithm array atomic bit bitset cassert cctype charconv climits cmath compare concepts cstddef cstdint cstring deque
  functional initializer_list iterator limits list map memory numeric optional queue ratio set span stack string
  string_view tuple type_traits unordered_map unordered_set utility variant vector)
string(REPLACE ";" "|" std_headers "${std_headers}")

# Of absl/time only the types: absl/time/clock.h reads the clock.
set(absl_headers
  "absl/(algorithm|container|functional|hash|status|strings|types|numeric)/[a-z0-9_]+\\.h|absl/time/(time|civil_time)\\.h|absl/base/attributes\\.h")

set(heavy_headers
  "httplib\\.h|grpc/|grpcpp/|google/protobuf/|nlohmann/json\\.hpp|simdjson\\.h|curl/|yaml-cpp/|prometheus/|spdlog/|CLI/|[^>\"]*\\.pb\\.h")

# Calls that reach outside through headers that are allowed.
set(outside_calls
  "absl::(Now|SleepFor)|std::(chrono|this_thread|thread|jthread|mutex|random_device|mt19937|cin|cout|cerr|ifstream|ofstream)|getenv|s?rand")

set(problems "")

# Appends to `problems` every line of `file` that matches `pattern` and, where
# `allowed` is given, not that.
function(forbid file pattern why allowed)
  file(STRINGS "${ROOT}/${file}" hits REGEX "${pattern}")
  if(NOT hits)
    return()
  endif()
  file(READ "${ROOT}/${file}" text)
  # These would be read as list syntax below.
  string(REGEX REPLACE "[][;\\]" " " text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    # A comment may speak of what code must not do.
    string(REGEX REPLACE "(^|[ \t])//.*" "" code "${line}")
    if(code MATCHES "${pattern}" AND NOT (allowed AND code MATCHES "${allowed}"))
      string(STRIP "${code}" code)
      string(APPEND problems "${file}:${number}: ${why}: ${code}\n")
    endif()
  endforeach()
  set(problems "${problems}" PARENT_SCOPE)
endfunction()

set(include "^[ \t]*#[ \t]*include[ \t]*[<\"]")

file(GLOB_RECURSE pure RELATIVE "${ROOT}" "${ROOT}/scheduling/*.h" "${ROOT}/scheduling/*.cc")
foreach(file IN LISTS pure)
  set(allowed "${include}((${std_headers})>|(${absl_headers})\"|scheduling/[a-z0-9_/]+\\.h\")")
  if(file MATCHES "^scheduling/(topology|dra|engine)/")
    set(allowed "${include}((${std_headers})>|(${absl_headers})\"|scheduling/[a-z0-9_/]+\\.h\"|re2/re2\\.h\")")
  endif()
  if(file MATCHES "^scheduling/declare/")
    set(allowed "${include}((${std_headers})>|(${absl_headers})\"|scheduling/[a-z0-9_/]+\\.h\"|nlohmann/json(_fwd)?\\.hpp\")")
  endif()
  forbid("${file}" "^[ \t]*#[ \t]*include" "scheduling/ may not include this" "${allowed}")
  forbid("${file}" "(^|[^A-Za-z0-9_.>])(${outside_calls})[^A-Za-z0-9_]" "scheduling/ may not use this" "")
endforeach()

file(GLOB_RECURSE headers RELATIVE "${ROOT}"
  "${ROOT}/scheduling/*.h" "${ROOT}/server/*.h" "${ROOT}/test/*.h")
list(FILTER headers EXCLUDE REGEX "^test/layering/")
foreach(file IN LISTS headers)
  forbid("${file}" "${include}(${heavy_headers})" "headers may not include this" "")
endforeach()

# A test that looks at nothing would pass for ever.
list(LENGTH pure pure_count)
list(LENGTH headers header_count)
if(pure_count EQUAL 0 OR header_count EQUAL 0)
  message(FATAL_ERROR "no sources under ${ROOT}")
endif()

if(EXPECTED)
  file(READ "${EXPECTED}" expected)
  if(NOT problems STREQUAL expected)
    message(NOTICE "${problems}")
    message(FATAL_ERROR "these are not the problems in ${EXPECTED}")
  endif()
  return()
endif()
if(problems)
  message(NOTICE "${problems}")
  message(FATAL_ERROR "code reaches outside of its layer")
endif()
message(STATUS "${pure_count} files of scheduling/ and ${header_count} headers keep to their layers")
