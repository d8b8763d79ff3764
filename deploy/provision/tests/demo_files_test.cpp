// Goal: only complete, consistent demo files are let through, and an error says where it is.
// Method: the shipped files, and small texts with one fault each.
#include "demo_files.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

namespace tecnochat::provision {
namespace {

constexpr const char* kTenant = "0199a7c0-1c00-7000-8000-000000000001";

std::string shipped(const std::string& name) {
    std::ifstream file(std::string(TECNOCHAT_SOURCE_DIR) + "/deploy/dev/demo/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string knowledge_of(const std::string& items) {
    return std::string(R"({"tenant_id":")") + kTenant + R"(","items":)" + items + "}";
}

std::string item(const std::string& id, const std::string& kind) {
    return R"({"id":")" + id + R"(","kind":")" + kind + R"(","title":"t","text":"x"})";
}

std::string refusal(const std::string& items) {
    const auto parsed = parse_knowledge(knowledge_of(items), "k.json", kTenant);
    return parsed ? "accepted" : parsed.error().message;
}

}  // namespace

TEST_CASE("the shipped demo can be seeded") {
    const auto business = parse_business(shipped("business.json"), "business.json");
    REQUIRE(business);
    CHECK(business->phone_number_id == "100200300400601");
    const auto knowledge =
        parse_knowledge(shipped("knowledge.json"), "knowledge.json", business->tenant_id);
    REQUIRE(knowledge);
    CHECK(knowledge->size() == 25);
    CHECK(knowledge->front().kind == "hours");
}

TEST_CASE("a business without its ids is refused by name") {
    const auto missing = parse_business(R"({"tenant_id":"x"})", "b.json");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message == "b.json: 'tenant_id' is not a UUID");
    const auto garbage = parse_business("nope", "b.json");
    REQUIRE_FALSE(garbage);
    CHECK(garbage.error().message == "b.json: is not a JSON object");
    const auto no_number = parse_business(
        std::string(R"({"tenant_id":")") + kTenant + R"(","waba_id":"1"})", "b.json"
    );
    REQUIRE_FALSE(no_number);
    CHECK(no_number.error().message == "b.json: 'phone_number_id' is missing or not a text");
}

TEST_CASE("knowledge of another tenant is refused") {
    const auto foreign =
        parse_knowledge(knowledge_of("[]"), "k.json", "0199a7c0-1c00-7000-8000-000000000002");
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().message == "k.json: belongs to another tenant than the business");
}

TEST_CASE("a bad item is refused by its place") {
    const std::string id = "0199a7c0-1c00-7000-8000-000000000101";
    CHECK(refusal("{}") == "k.json: 'items' is not a list");
    CHECK(refusal("[7]") == "k.json: item 1: is not a JSON object");
    CHECK(refusal("[" + item("7", "faq") + "]") == "k.json: item 1: 'id' is not a UUID");
    CHECK(refusal("[" + item(id, "joke") + "]") == "k.json: item 1: unknown kind 'joke'");
    CHECK(
        refusal("[" + item(id, "faq") + "," + item(id, "other") + "]") ==
        "k.json: item 2: its id occurs twice"
    );
    CHECK(refusal("[" + item(id, "faq") + "]") == "accepted");
}

}  // namespace tecnochat::provision
