// Goal: every error code of Meta's is filed by what it asks for. Method: the table is walked
// against a list written out by hand from Meta's "Error codes", so that neither can change alone.
#include "domain/error_table.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace tecnochat::whatsapp_connector {
namespace {

struct Listed {
    ErrorClass error_class;
    std::vector<std::pair<int, int>> codes;  // first, last
};

const std::vector<Listed>& listed() {
    static const std::vector<Listed> all{
        {ErrorClass::kRetry,
         {{2, 2},
          {130429, 130429},
          {131016, 131016},
          {131056, 131056},
          {131057, 131057},
          {133004, 133004},
          {2494100, 2494100}}},
        {ErrorClass::kFewTries,
         {{1, 1}, {131000, 131000}, {131052, 131052}, {131059, 131059}, {133000, 133000}}},
        {ErrorClass::kWait,
         {{4, 4},
          {80007, 80007},
          {131048, 131049},
          {132015, 132015},
          {132069, 132069},
          {133015, 133016}}},
        {ErrorClass::kStop,
         {{0, 0},           {3, 3},           {10, 10},         {33, 33},         {190, 190},
          {200, 299},       {368, 368},       {131005, 131005}, {131031, 131031}, {131037, 131037},
          {131042, 131042}, {131044, 131045}, {131063, 131064}, {132001, 132001}, {132016, 132016},
          {132068, 132068}, {133005, 133006}, {133008, 133010}, {134011, 134011}, {134100, 134102},
          {137000, 137000}}},
        {ErrorClass::kPermanent,
         {{100, 100},         {130403, 130403},   {130472, 130472},   {130497, 130497},
          {131008, 131009},   {131020, 131021},   {131026, 131026},   {131030, 131030},
          {131041, 131041},   {131047, 131047},   {131050, 131051},   {131053, 131053},
          {131055, 131055},   {131060, 131062},   {132000, 132000},   {132005, 132005},
          {132007, 132008},   {132012, 132012},   {132018, 132018},   {135000, 135000},
          {138000, 138999},   {139000, 139004},   {139100, 139103},   {147001, 147004},
          {1752041, 1752041}, {2388019, 2388019}, {2388024, 2388024}, {2388040, 2388040},
          {2388293, 2388293}, {2388299, 2388299}, {2593107, 2593109}}},
    };
    return all;
}

std::map<int, ErrorClass> classes() {
    std::map<int, ErrorClass> all;
    for (const auto& [error_class, ranges] : listed()) {
        for (const auto& [first, last] : ranges) {
            for (int code = first; code <= last; ++code) all.emplace(code, error_class);
        }
    }
    return all;
}

}  // namespace

TEST_CASE("every code of Meta's is in the table, under its class") {
    for (const auto& [code, error_class] : classes()) {
        INFO(code);
        const auto* rule = find_error_rule(code, 0);
        REQUIRE(rule != nullptr);
        CHECK(rule->error_class == error_class);
    }
}

TEST_CASE("the table has no code that Meta's has not, and none twice") {
    const auto known = classes();
    std::map<std::pair<int, int>, int> rows;
    for (const auto& rule : kErrorRules) {
        for (int code = rule.first; code <= rule.last; ++code) {
            INFO(code << " " << rule.subcode);
            CHECK(known.contains(code));
            CHECK(++rows[{code, rule.subcode}] == 1);
            CHECK(find_error_rule(code, rule.subcode) == &rule);
        }
    }
}

TEST_CASE("a subcode may say more than its code") {
    CHECK(find_error_rule(100, 33)->error_class == ErrorClass::kStop);
    CHECK(find_error_rule(100, 133010)->error_class == ErrorClass::kStop);
    CHECK(find_error_rule(100, 2593002)->error_class == ErrorClass::kPermanent);
    for (const int subcode : {0, 458, 460, 463, 467})
        CHECK(find_error_rule(190, subcode)->error_class == ErrorClass::kStop);
}

TEST_CASE("what a limit or a pause concerns") {
    using enum ErrorScope;
    for (const auto& [code, scope] : std::vector<std::pair<int, ErrorScope>>{
             {130429, kNumber},
             {131057, kNumber},
             {131048, kNumber},
             {131056, kPair},
             {131049, kPair},
             {80007, kWaba},
             {4, kApp},
             {1, kMessage},
             {132015, kTemplate}
         }) {
        INFO(code);
        CHECK(find_error_rule(code, 0)->scope == scope);
    }
    // An error of a template never stops a number.
    for (const auto& rule : kErrorRules) {
        INFO(rule.first);
        if (rule.first / 1000 == 132) CHECK(rule.scope == kTemplate);
    }
}

TEST_CASE("a code that Meta's table does not have is permanent, but where the status may pass") {
    for (const int code : {-1, 5, 999999, 131999}) {
        CHECK(find_error_rule(code, 0) == nullptr);
        CHECK(classify_refusal({code, 0, 400}) == ErrorClass::kPermanent);
        CHECK(classify_refusal({code, 0, 429}) == ErrorClass::kRetry);
    }
    CHECK(classify_refusal({100, 0, 429}) == ErrorClass::kPermanent);
}

}  // namespace tecnochat::whatsapp_connector
