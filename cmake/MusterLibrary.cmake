# Flags for every target, and the one way to declare a library.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

add_library(muster_flags INTERFACE)
target_compile_options(muster_flags INTERFACE
  -Wall -Wextra -Wconversion -Wno-sign-conversion
  # Clang, which only fuzzes, warns of more.
  $<$<CXX_COMPILER_ID:GNU>:-Werror> -Werror=unused-result)
if(MUSTER_SANITIZE)
  add_compile_options(-fsanitize=${MUSTER_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MUSTER_SANITIZE})
endif()

# muster_library(<folder> SOURCES ... DEPS ... [PRIVATE_DEPS ...])
#
# One library per folder, linked as muster::<folder with :: for />. DEPS is the
# whole list of what the folder's headers may use, PRIVATE_DEPS what only its
# sources use. A compiled library missing from it is a link error; header-only
# ones link anyway, which is why test/layering_test.cmake exists.
function(muster_library folder)
  cmake_parse_arguments(LIB "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  string(REPLACE "/" "_" target "muster_${folder}")
  string(REPLACE "/" "::" alias "muster::${folder}")
  list(TRANSFORM LIB_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/${folder}/")
  add_library(${target} STATIC ${LIB_SOURCES})
  add_library(${alias} ALIAS ${target})
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PUBLIC ${LIB_DEPS} PRIVATE ${LIB_PRIVATE_DEPS} muster_flags)
endfunction()
