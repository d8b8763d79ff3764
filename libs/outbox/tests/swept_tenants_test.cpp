// Goal: a sweep's cost does not grow with the registered tenants, and none of them is left out.
#include "swept_tenants.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

namespace tecnochat::outbox {
namespace {

using std::chrono::seconds;

std::vector<TenantId> registered(std::size_t count) {
    std::vector<TenantId> all;
    for (std::size_t n = 0; n < count; ++n)
        all.emplace_back(Uuid::v5(kTecnochatNamespace, std::to_string(n)));
    return all;
}

struct Fixture {
    SweptTenants swept;
    std::chrono::steady_clock::time_point now{seconds(1000)};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a few tenants are all looked at each time") {
    const auto all = registered(40);
    for (int i = 0; i < 3; ++i) CHECK(swept.next(all, now).size() == 40);
}

TEST_CASE_METHOD(Fixture, "many take turns in parts, and each has its turn") {
    const auto all = registered(1700);
    std::set<TenantId> seen;
    for (int i = 0; i < 4; ++i) {
        const auto part = swept.next(all, now);
        CHECK(part.size() <= SweptTenants::kPart);
        CHECK(std::ranges::is_sorted(part));
        seen.insert(part.begin(), part.end());
    }
    CHECK(seen.size() == all.size());
    CHECK(swept.next(all, now).size() == SweptTenants::kPart);  // from the start again
}

TEST_CASE_METHOD(Fixture, "who appended of late is looked at each time, for a minute") {
    const auto all = registered(2000);
    const TenantId busy = all.back();
    const std::vector<Entry> entries{{busy, Uuid(), {}}};
    swept.note(entries, now);
    CHECK(std::ranges::count(swept.next(all, now), busy) == 1);
    now += seconds(50);
    CHECK(std::ranges::count(swept.next(all, now), busy) == 1);
    now += seconds(20);
    CHECK(std::ranges::count(swept.next(all, now), busy) == 0);
    CHECK(std::ranges::count(swept.next(all, now), busy) == 1);  // its turn
}

TEST_CASE_METHOD(Fixture, "fewer tenants than at the last sweep are no trouble") {
    swept.next(registered(900), now);
    CHECK(swept.next(registered(10), now).size() == 10);
    CHECK(swept.next({}, now).empty());
}

}  // namespace tecnochat::outbox
