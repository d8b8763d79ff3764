# Debian 12's packages, each found the one way that works there (see docs/development.md).

find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)          # module mode: Debian ships no CONFIG package
find_package(gRPC CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(simdjson CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(Catch2 2 CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(rdkafka REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)   # its CMake config is broken in Debian 12
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
find_library(STEMMER_LIBRARY stemmer REQUIRED)
find_path(BOOST_BEAST_INCLUDE boost/beast.hpp REQUIRED)

include(Catch)
