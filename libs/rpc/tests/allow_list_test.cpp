// Goal: the list is read exactly or not at all. Method: small files; and the repository's own list.
#include "allow_list.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace tecnochat;
using namespace tecnochat::rpc;

namespace {

Result<AllowList> load_text(const std::string& text) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("tecnochat-allow-list-" + std::to_string(getpid()) + ".yaml");
    std::ofstream(path) << text;
    auto list = AllowList::load(path, "ai-reply");
    std::filesystem::remove(path);
    return list;
}

}  // namespace

TEST_CASE("only the listed pairs are allowed") {
    const auto list = load_text(
        "version: 1\nservices:\n  ai-reply:\n    a.v1.AService:\n      Get: [gateway, phone]\n"
        "      Put: []\n  other:\n    a.v1.AService:\n      Put: [gateway]\n"
    );
    REQUIRE(list);
    CHECK(list->allows("gateway", "/a.v1.AService/Get"));
    CHECK(list->allows("phone", "/a.v1.AService/Get"));
    CHECK_FALSE(list->allows("gateway", "/a.v1.AService/Put"));
    CHECK_FALSE(list->allows("gateway", "/a.v1.AService/Unknown"));
    CHECK_FALSE(list->allows("calendar", "/a.v1.AService/Get"));
    CHECK_FALSE(list->allows("", "/a.v1.AService/Get"));
    CHECK_FALSE(list->allows("gateway", ""));
    CHECK(list->methods() == std::vector<std::string>{"/a.v1.AService/Get", "/a.v1.AService/Put"});
}

TEST_CASE("anything but the expected shape is refused") {
    const std::string head = "version: 1\nservices:\n";
    for (const std::string& text : {
             std::string(),
             std::string("version: 2\nservices: {ai-reply: {}}\n"),
             std::string("services: {ai-reply: {}}\n"),
             std::string("version: 1\n"),
             head + "  other: {}\n",
             head + "  ai-reply: []\n",
             head + "  ai-reply: {a.v1.A: [Get]}\n",
             head + "  ai-reply: {a.v1.A: {Get: gateway}}\n",
             head + "  ai-reply: {a.v1.A: {Get: [[gateway]]}}\n",
             head + "  ai-reply: {a.v1.A: {Get: [gateway, '']}}\n",
             head + "  ai-reply: {a.v1.A: {Get: [gateway], Get: [phone]}}\n",
             head + "  ai-reply: {}\nservcies: {}\n",
             head + "  ai-reply: {a.v1.A: {Get: [gateway\n",
         }) {
        INFO(text);
        const auto list = load_text(text);
        REQUIRE_FALSE(list);
        CHECK(list.error().message.rfind("allow-list '", 0) == 0);
    }
}

TEST_CASE("a missing file is an error") {
    CHECK_FALSE(AllowList::load("/nonexistent/rpc.yaml", "ai-reply"));
}

TEST_CASE("the repository's list can be read") {
    const std::string path = TECNOCHAT_SOURCE_DIR "/deploy/rpc.yaml";
    const auto list = AllowList::load(path, "ai-reply");
    INFO((list ? std::string() : list.error().message));
    REQUIRE(list);
    CHECK(list->allows("provision", "/tecnochat.knowledge.v1.KnowledgeService/PutItem"));
    CHECK_FALSE(list->allows("calendar", "/tecnochat.knowledge.v1.KnowledgeService/PutItem"));
}
