#include "memory.hpp"

#include <catch2/catch.hpp>

using namespace tecnochat;
using namespace tecnochat::channels;

namespace {

const TenantId kTenant = TenantId::generate(SystemClock().now());
const TenantId kOther = TenantId::generate(SystemClock().now());

ChannelRow row(const std::string& number, std::int64_t epoch, const TenantId& tenant = kTenant) {
    return {{number, tenant, "waba", "+57 1", State::kConnected, epoch}, true};
}

using Rows = std::vector<ChannelRow>;
using Numbers = std::vector<std::string>;

struct Fixture {
    Memory memory;

    void read(const Rows& rows) { memory.apply(memory.begin_read(), rows); }
    // 0: not known, or not to be relied on.
    std::int64_t epoch(const std::string& number) const {
        Entries found;
        const auto missing = memory.find(Numbers{number}, found);
        return missing.empty() ? found.at(number)->epoch : 0;
    }
};

}  // namespace

TEST_CASE("every state has a word, and no other word is a state") {
    for (const auto state : {State::kConnected, State::kDisconnected, State::kSuspended})
        CHECK(parse_state(to_string(state)) == state);
    CHECK_FALSE(parse_state("paused"));
    CHECK_FALSE(parse_state(""));
    CHECK_FALSE(parse_state("Connected"));
}

TEST_CASE_METHOD(Fixture, "a read that was slow does not bring back an older epoch") {
    read({row("a", 1)});
    const auto slow = memory.begin_read();
    memory.note(row("a", 2).channel);
    memory.apply(slow, Rows{row("a", 1)});
    CHECK(epoch("a") == 2);
    memory.apply_whole(slow, Rows{row("a", 1)});
    CHECK(epoch("a") == 2);
}

TEST_CASE_METHOD(
    Fixture, "a note does not bring back an older epoch, nor change one that is known"
) {
    read({row("a", 2)});
    memory.note(row("a", 1).channel);
    memory.note(row("a", 2, kOther).channel);
    CHECK(epoch("a") == 2);
    CHECK(memory.tenants() == std::vector{kTenant});
}

TEST_CASE_METHOD(
    Fixture, "a whole read drops what the table lacks, but not what was learnt later"
) {
    read({row("gone", 1), row("kept", 1)});
    const auto whole = memory.begin_read();
    memory.note(row("noted", 1).channel);
    read({row("looked-up", 1)});
    memory.apply_whole(whole, Rows{row("kept", 1)});
    CHECK(epoch("gone") == 0);
    CHECK(epoch("kept") == 1);
    CHECK(epoch("noted") == 1);
    CHECK(epoch("looked-up") == 1);
}

TEST_CASE_METHOD(Fixture, "what is stale is asked for until a later read has answered") {
    read({row("a", 3)});
    const auto before = memory.begin_read();
    memory.mark_stale(Numbers{"a", "never heard of"});
    CHECK(epoch("a") == 0);
    memory.apply(before, Rows{row("a", 3)});
    CHECK(epoch("a") == 0);
    read({row("a", 3, kOther)});
    CHECK(epoch("a") == 3);
    CHECK(memory.tenants() == std::vector{kOther});
}

TEST_CASE_METHOD(Fixture, "the table has the last word on what is stale, even of a lower epoch") {
    memory.note(row("a", 9).channel);
    memory.mark_stale(Numbers{"a"});
    read({row("a", 3)});
    CHECK(epoch("a") == 3);
}

TEST_CASE_METHOD(Fixture, "a newer epoch answers doubt, whenever its read began") {
    read({row("a", 3)});
    const auto before = memory.begin_read();
    memory.mark_stale(Numbers{"a"});
    memory.apply(before, Rows{row("a", 4)});
    CHECK(epoch("a") == 4);
    memory.mark_stale(Numbers{"a"});
    memory.note(row("a", 5).channel);
    CHECK(epoch("a") == 5);
}

TEST_CASE_METHOD(Fixture, "a look-up that does not find a stale number ends it") {
    read({row("a", 3), row("b", 3)});
    memory.mark_stale(Numbers{"a"});
    const auto began = memory.begin_read();
    Entries found;
    SECTION("it is unknown now") {
        memory.apply_lookup(began, Numbers{"a"}, Rows{}, found);
        CHECK(found.empty());
        CHECK(memory.size() == 1);
    }
    SECTION("unless it came back meanwhile") {
        memory.note(row("a", 4).channel);
        memory.apply_lookup(began, Numbers{"a"}, Rows{}, found);
        CHECK(found.at("a")->epoch == 4);
    }
}

TEST_CASE_METHOD(Fixture, "a look-up answers with the newest that is known") {
    const auto began = memory.begin_read();
    memory.note(row("a", 2).channel);
    Entries found;
    memory.apply_lookup(began, Numbers{"a"}, Rows{row("a", 1)}, found);
    CHECK(found.at("a")->epoch == 2);
}

TEST_CASE_METHOD(Fixture, "a state of a newer version is an error of that number alone") {
    auto strange = row("strange", 1, kOther);
    strange.known_state = false;
    read({strange, row("a", 1)});
    Entries found;
    CHECK(memory.find(Numbers{"strange", "a"}, found).empty());
    CHECK(found.at("a"));
    CHECK(found.at("strange").error().reason == "UNKNOWN_WORD");
    CHECK(is_items_fault(found.at("strange").error()));
    CHECK(memory.tenants().size() == 2);  // its tenant's outbox must be swept all the same
}
