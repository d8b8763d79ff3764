// Goal: a Graph token is only taken from a file nobody else may read, and a new one counts at once.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "clients/file_token_source.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

struct TokenFile {
    TokenFile() {
        std::string pattern = std::filesystem::temp_directory_path() / "graph-token-XXXXXX";
        const int file = mkstemp(pattern.data());
        REQUIRE(file >= 0);
        close(file);
        path = pattern;
    }
    ~TokenFile() { std::filesystem::remove(path); }
    void write(const std::string& text) const { std::ofstream(path, std::ios::trunc) << text; }
    /// Says that it was last changed then.
    void date(std::time_t seconds) const {
        const std::array<timespec, 2> times{timespec{seconds, 0}, timespec{seconds, 0}};
        REQUIRE(utimensat(AT_FDCWD, path.c_str(), times.data(), 0) == 0);
    }

    std::string path;
};

}  // namespace

TEST_CASE("the token is the file's first line; a replaced file counts at once") {
    TokenFile file;
    FileTokenSource source(file.path);
    CHECK_FALSE(source.check());
    file.write("EAAfirst\n");
    CHECK(source.check());
    CHECK(source.token("1").value().reveal() == "EAAfirst");
    file.write("EAAsecond");
    CHECK(source.token("1").value().reveal() == "EAAsecond");
}

TEST_CASE("a file of the same size that was written again at once counts at once") {
    TokenFile file;
    FileTokenSource source(file.path);
    for (int i = 10; i < 99; ++i) {
        const auto token = "EAA" + std::to_string(i);
        file.write(token);
        CHECK(source.token("1").value().reveal() == token);
    }
}

TEST_CASE("a file that did not change is not read again; another one, time or size is") {
    TokenFile file;
    FileTokenSource source(file.path);
    file.write("EAAone");
    file.date(1'700'000'000);
    CHECK(source.token("1").value().reveal() == "EAAone");
    // Only who looks into the file can see this.
    file.write("EAAtwo");
    file.date(1'700'000'000);
    CHECK(source.token("1").value().reveal() == "EAAone");
    file.date(1'700'000'001);
    CHECK(source.token("1").value().reveal() == "EAAtwo");
    file.write("EAAthree");
    file.date(1'700'000'001);
    CHECK(source.token("1").value().reveal() == "EAAthree");
    TokenFile other;
    other.write("EAAother");
    other.date(1'700'000'001);
    std::filesystem::rename(other.path, file.path);
    CHECK(source.token("1").value().reveal() == "EAAother");
    // The mode is looked at each time.
    REQUIRE(chmod(file.path.c_str(), 0644) == 0);
    CHECK_FALSE(source.token("1"));
}

TEST_CASE("a token file that others may read is refused, whichever bit it is") {
    TokenFile file;
    file.write("EAAtoken");
    FileTokenSource source(file.path);
    for (const mode_t mode : {0600, 0400, 0700}) {
        REQUIRE(chmod(file.path.c_str(), mode) == 0);
        CHECK(source.token("1"));
    }
    for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601, 0644}) {
        INFO(mode);
        REQUIRE(chmod(file.path.c_str(), mode) == 0);
        const auto token = source.token("1");
        REQUIRE_FALSE(token);
        CHECK(token.error().code == ErrorCode::kFailedPrecondition);
        CHECK(token.error().message.find("0600") != std::string::npos);
    }
}

TEST_CASE("a missing or empty token file is refused, and the token is in no message") {
    TokenFile file;
    CHECK_FALSE(FileTokenSource(file.path).token("1"));
    CHECK_FALSE(FileTokenSource(file.path + ".none").token("1"));
    file.write("\nEAAtoken");
    const auto token = FileTokenSource(file.path).token("1");
    REQUIRE_FALSE(token);
    CHECK(token.error().message.find("EAAtoken") == std::string::npos);
}

}  // namespace tecnochat::whatsapp_connector
