// Fault plan, retry schedule and request log.

#include <catch2/catch.hpp>

#include "domain/faults.hpp"
#include "domain/request_log.hpp"
#include "domain/retry_schedule.hpp"

using namespace tecnochat;
using namespace tecnochat::meta_simulator;
using namespace std::chrono_literals;

namespace {

Fault fault(FaultKind kind, std::optional<int> count = std::nullopt, std::string number = {}) {
    Fault made;
    made.kind = kind;
    made.remaining = count;
    made.phone_number_id = std::move(number);
    return made;
}

LoggedRequest send_of(const std::string& opaque, const std::string& outcome) {
    LoggedRequest request;
    request.kind = "message";
    request.outcome = outcome;
    request.opaque = opaque;
    return request;
}

}  // namespace

TEST_CASE("a fault strikes as often as asked, only its number, and stays listed") {
    FaultPlan plan;
    REQUIRE(plan.add(fault(FaultKind::kStall, 2, "20001")));
    CHECK_FALSE(plan.strike({FaultKind::kStall}, "20002"));
    CHECK_FALSE(plan.strike({FaultKind::kRefuse}, "20001"));
    CHECK(plan.strike({FaultKind::kStall}, "20001"));
    CHECK(plan.strike({FaultKind::kStall}, "20001"));
    CHECK_FALSE(plan.strike({FaultKind::kStall}, "20001"));
    REQUIRE(plan.all().size() == 1);
    CHECK(plan.all()[0].hits == 2);
}

TEST_CASE("a fault without a count strikes until it is removed") {
    FaultPlan plan;
    const auto id = plan.add(fault(FaultKind::kRefuse));
    for (int i = 0; i < 100; ++i) REQUIRE(plan.strike({FaultKind::kRefuse}, "20001"));
    CHECK(plan.remove(*id));
    CHECK_FALSE(plan.remove(*id));
    CHECK_FALSE(plan.strike({FaultKind::kRefuse}, "20001"));
}

TEST_CASE("webhook faults may concern one field only") {
    FaultPlan plan;
    auto statuses_only = fault(FaultKind::kDrop);
    statuses_only.field = WebhookField::kStatuses;
    REQUIRE(plan.add(statuses_only));
    CHECK_FALSE(plan.strike_webhook(WebhookField::kMessages, "20001"));
    CHECK(plan.strike_webhook(WebhookField::kStatuses, "20001"));
}

TEST_CASE("fault names are read back") {
    for (const auto* name : {"refuse", "accept_then_cut", "5xx_after_accept", "reorder"}) {
        const auto kind = parse_fault_kind(name);
        REQUIRE(kind);
        CHECK(to_string(*kind) == name);
    }
    CHECK_FALSE(parse_fault_kind("refuze"));
}

TEST_CASE("a webhook is retried at once, then ever rarer, for seven days") {
    CHECK(next_webhook_retry(1, 0ms) == 0ms);
    Milliseconds age{0};
    Milliseconds last{0};
    int failed = 2;
    while (const auto wait = next_webhook_retry(failed, age)) {
        REQUIRE(*wait >= last);
        REQUIRE(*wait <= 6h);
        last = *wait;
        age += *wait;
        ++failed;
    }
    CHECK(last == 6h);
    CHECK(age > 6 * 24h);
    CHECK(age <= kWebhookLifetime);
}

TEST_CASE("the log keeps the last entries, exact counters, and knows what was accepted twice") {
    RequestLog log(3);
    log.add(send_of("a", "accepted"), true);
    log.add(send_of("b", "accept_then_cut"), true);
    log.add(send_of("b", "accepted"), true);
    log.add(send_of("c", "rejected"), false);
    const auto counters = log.counters();
    CHECK(counters.total == 4);
    CHECK(counters.messages_accepted == 3);
    CHECK(counters.distinct_opaque_accepted == 2);
    CHECK(counters.opaque_accepted_twice == std::map<std::string, int>{{"b", 2}});
    CHECK(counters.by_outcome.at("accepted") == 2);

    CHECK(log.find({}).size() == 3);
    RequestFilter filter;
    filter.opaque = "b";
    CHECK(log.find(filter).size() == 2);
    filter.outcome = "accept_then_cut";
    REQUIRE(log.find(filter).size() == 1);
    CHECK(log.find(filter)[0].sequence == 2);

    log.reset();
    CHECK(log.counters().total == 0);
    CHECK(log.find({}).empty());
}
