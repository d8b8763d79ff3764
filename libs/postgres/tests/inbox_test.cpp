#include "tecnochat/postgres/inbox.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <thread>

#include "tecnochat/postgres/testing/sandbox.hpp"

using namespace tecnochat;
using namespace tecnochat::postgres;
using tecnochat::postgres::testing::Sandbox;

namespace {

struct Fixture {
    Sandbox sandbox;
    Pool pool{{sandbox.service_url(), 4, Milliseconds(3000), Milliseconds(5000)}};
    TenantId a = TenantId::generate(SystemClock().now());
    TenantId b = TenantId::generate(SystemClock().now());

    Transaction begin() {
        auto transaction =
            Transaction::begin(pool, std::array{a, b}, Deadline::after(Milliseconds(5000)));
        REQUIRE(transaction);
        return std::move(transaction).value();
    }
    std::vector<bool> insert(std::string_view consumer, const std::vector<InboxEntry>& entries) {
        auto transaction = begin();
        auto fresh = inbox_insert(transaction, consumer, entries);
        REQUIRE(fresh);
        REQUIRE(transaction.commit());
        return *fresh;
    }
};

using Flags = std::vector<bool>;

}  // namespace

TEST_CASE_METHOD(Fixture, "the first copy of an event is new, every other is not") {
    CHECK(insert("c", {{b, "2"}, {a, "1"}, {b, "2"}, {b, "1"}}) == Flags{true, true, false, true});
    CHECK(insert("c", {{a, "1"}, {a, "3"}, {b, "1"}}) == Flags{false, true, false});
    CHECK(insert("other", {{a, "1"}}) == Flags{true});
    CHECK(insert("c", {}).empty());
    CHECK(insert("c", {{a, "wamid.\"{,}\\ "}, {a, "wamid.\"{,}\\ "}}) == Flags{true, false});
}

TEST_CASE_METHOD(Fixture, "an event of a rolled back transaction is new again") {
    {
        auto transaction = begin();
        REQUIRE(inbox_insert(transaction, "c", std::vector<InboxEntry>{{a, "1"}}));
    }
    CHECK(insert("c", {{a, "1"}}) == Flags{true});
}

TEST_CASE_METHOD(Fixture, "concurrent batches in opposite order do not deadlock") {
    std::vector<InboxEntry> forward;
    for (int i = 0; i < 200; ++i) forward.push_back({i % 2 == 0 ? a : b, std::to_string(i)});
    const std::vector<InboxEntry> backward(forward.rbegin(), forward.rend());
    std::array<std::int64_t, 2> fresh{};
    const auto work = [&](std::size_t who) {
        const auto& entries = who == 0 ? forward : backward;
        auto transaction =
            Transaction::begin(pool, std::array{a, b}, Deadline::after(Milliseconds(5000)));
        if (!transaction) return;
        const auto flags = inbox_insert(*transaction, "c", entries);
        if (flags && transaction->commit()) {
            fresh[who] = std::count(flags->begin(), flags->end(), true);
        }
    };
    {
        std::jthread first(work, 0U);
        std::jthread second(work, 1U);
    }
    CHECK(fresh[0] + fresh[1] == 200);
}

TEST_CASE_METHOD(Fixture, "pruning takes what is old, within its limit") {
    insert("c", {{a, "1"}, {a, "2"}, {a, "3"}, {b, "4"}});
    sandbox.run("UPDATE inbox SET received_at = now() - interval '15 days' WHERE event_id < '4'");
    const auto prune = [&](int limit) {
        auto transaction = begin();
        auto pruned = inbox_prune(transaction, std::chrono::days(14), limit);
        REQUIRE(pruned);
        REQUIRE(transaction.commit());
        return *pruned;
    };
    CHECK(prune(2) == 2);
    CHECK(prune(2) == 1);
    CHECK(prune(2) == 0);
    CHECK(sandbox.query("SELECT event_id FROM inbox") == "4");
}
