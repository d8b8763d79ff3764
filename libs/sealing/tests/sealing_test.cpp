#include <catch2/catch.hpp>
#include <optional>
#include <thread>

#include "tecnochat/sealing/plain_sealer.hpp"
#include "tecnochat/sealing/testing/conformance.hpp"
#include "tecnochat/sealing/testing/faulty_sealer.hpp"

using namespace tecnochat;
using namespace tecnochat::sealing;
using tecnochat::sealing::testing::check_conformance;
using tecnochat::sealing::testing::FaultySealer;

namespace {

Deadline soon() {
    return Deadline::after(Milliseconds(10'000));
}

struct Fixture {
    SystemClock clock;
    FaultySealer sealer{clock};
    TenantId tenant = TenantId::generate(clock.now());

    Person person() const { return {tenant, ContactId::generate(clock.now())}; }
    Keys fetch(const std::vector<Person>& people) {
        auto keys = sealer.fetch(people, soon());
        REQUIRE(keys);
        return std::move(keys).value();
    }
};

}  // namespace

TEST_CASE("the plain sealer keeps the promises of a sealer, but for hiding and binding") {
    SystemClock clock;
    PlainSealer sealer(clock);
    check_conformance({.sealer = sealer, .seals = false});
}

TEST_CASE("the faulty sealer keeps the promises of a sealer") {
    SystemClock clock;
    FaultySealer sealer(clock);
    check_conformance({
        .sealer = sealer,
        .seals = true,
        .erase = [&](const Person& person) { sealer.erase(person); },
        .go_away = [&] { sealer.go_away(); },
        .come_back = [&] { sealer.come_back(); },
        .withhold = [&](const Person& person) { sealer.withhold(person); },
        .hand_over = [&](const Person& person) { sealer.hand_over(person); },
        .hold = [&] { sealer.hold(); },
        .let_go = [&] { sealer.let_go(); },
        .merge = [&](const Person& from, const Person& into) { sealer.merge(from, into); },
    });
}

TEST_CASE("the plain sealer stores plaintext, so that what is stored today stays readable") {
    SystemClock clock;
    PlainSealer sealer(clock);
    const std::vector<Person> people{
        {TenantId::generate(clock.now()), ContactId::generate(clock.now())}
    };
    const auto keys = sealer.fetch(people, soon());
    REQUIRE(keys);
    CHECK(keys->seal(people.front(), "words").value() == "words");
    CHECK(keys->open(people.front(), "stored before").value() == "stored before");
}

TEST_CASE_METHOD(Fixture, "snapshots outlive their sealer") {
    const std::vector<Person> people{person()};
    std::optional<FaultySealer> short_lived;
    short_lived.emplace(clock);
    auto keys = short_lived->fetch(people, soon());
    REQUIRE(keys);
    short_lived.reset();
    const auto sealed = keys->seal(people.front(), "words");
    REQUIRE(sealed);
    CHECK(keys->open(people.front(), *sealed).value() == "words");
}

TEST_CASE_METHOD(Fixture, "merging snapshots keeps the newer word on a person") {
    const auto both = person();
    const auto first = person();
    const auto second = person();
    Keys older = fetch({both, first});
    sealer.erase(both);
    older.merge(fetch({both, second}));
    CHECK(older.state(both) == KeyState::kErased);
    CHECK(older.state(first) == KeyState::kOpen);
    CHECK(older.state(second) == KeyState::kOpen);
    CHECK(older.size() == 3);
}

TEST_CASE_METHOD(Fixture, "a sealed value may lie under a destroyed key of a person who is open") {
    struct OneKeyLost final : Keyring {
        Result<std::string> seal(std::string_view plain) const override {
            return "new:" + std::string(plain);
        }
        Result<std::string> open(std::string_view sealed) const override {
            if (sealed.starts_with("new:")) return std::string(sealed.substr(4));
            return make_error(
                ErrorCode::kFailedPrecondition, "its key is destroyed", std::string(kPersonErased)
            );
        }
    };
    const auto merged = person();
    Keys keys;
    keys.put_open(merged, std::make_shared<OneKeyLost>());
    CHECK(is_erased(keys.open(merged, "old:words").error()));
    CHECK(keys.open(merged, keys.seal(merged, "words").value()).value() == "words");
}

TEST_CASE_METHOD(Fixture, "the faulty sealer fails as often as it is told") {
    sealer.fail_next(2);
    const std::vector<Person> people{person()};
    CHECK_FALSE(sealer.fetch(people, soon()));
    CHECK_FALSE(sealer.fetch(people, soon()));
    CHECK(sealer.fetch(people, soon()));
    CHECK(sealer.calls() == 3);
}

TEST_CASE_METHOD(Fixture, "a fetch of nobody but withheld people fails as an outage") {
    const auto withheld = person();
    sealer.withhold(withheld);
    const auto keys = sealer.fetch(std::vector{withheld}, soon());
    REQUIRE_FALSE(keys);
    CHECK(keys.error().code == ErrorCode::kUnavailable);
}

TEST_CASE_METHOD(Fixture, "a slow sealer ends with the deadline where that comes first") {
    sealer.slow_down(Milliseconds(3'600'000));
    const auto keys = sealer.fetch(std::vector{person()}, Deadline::after(Milliseconds(10)));
    REQUIRE_FALSE(keys);
    CHECK(keys.error().code == ErrorCode::kDeadlineExceeded);
    sealer.slow_down(Milliseconds(1));
    CHECK(sealer.fetch(std::vector{person()}, soon()));
}
