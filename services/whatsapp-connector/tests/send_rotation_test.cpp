// Goal: numbers take turns, and one that must wait takes none until its time.
#include "domain/send_rotation.hpp"

#include <catch2/catch.hpp>

namespace tecnochat::whatsapp_connector {
namespace {

using std::chrono::seconds;

struct Fixture {
    SendNumber number(const std::string& name) const { return {tenant, name}; }
    std::vector<std::string> take(std::size_t most) {
        std::vector<std::string> names;
        for (const auto& taken : rotation.take(now, most)) names.push_back(taken.phone_number_id);
        return names;
    }
    using Names = std::vector<std::string>;

    TenantId tenant;
    SendRotation rotation;
    SendRotation::Time now{seconds(100)};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "numbers take turns, however often one is named") {
    for (const auto* name : {"a", "b", "a", "c", "a"}) rotation.add(number(name));
    CHECK(take(2) == Names{"a", "b"});
    CHECK(take(2) == Names{"c", "a"});
    CHECK(take(5) == Names{"b", "c", "a"});
}

TEST_CASE_METHOD(Fixture, "a number with nothing to claim leaves until it is named again") {
    rotation.add(number("a"));
    rotation.add(number("b"));
    rotation.leave(number("a"));
    CHECK(take(5) == Names{"b"});
    rotation.add(number("a"));
    CHECK(take(5) == Names{"b", "a"});
    rotation.leave(number("a"));
    rotation.leave(number("b"));
    CHECK_FALSE(rotation.any_ready());
}

TEST_CASE_METHOD(Fixture, "a held number takes no turn before its time, whatever names it") {
    rotation.add(number("a"));
    rotation.hold(number("a"), now + seconds(5));
    rotation.add(number("a"));
    rotation.add_at(number("a"), now + seconds(1));
    now += seconds(4);
    CHECK(take(5).empty());
    CHECK(rotation.next_time() == now + seconds(1));
    now += seconds(1);
    CHECK(take(5) == Names{"a"});
    CHECK_FALSE(rotation.next_time());
}

TEST_CASE_METHOD(
    Fixture, "a hold lasts as long as it says, however late a retry of the number is"
) {
    rotation.add_at(number("a"), now + seconds(256));
    rotation.hold(number("a"), now + seconds(1));
    CHECK(rotation.next_time() == now + seconds(1));
    rotation.hold(number("a"), now + seconds(5));
    rotation.hold(number("a"), now + seconds(2));
    now += seconds(4);
    CHECK(take(5).empty());
    now += seconds(1);
    CHECK(take(5) == Names{"a"});
}

TEST_CASE_METHOD(Fixture, "a time to come brings a number back, and the earliest one counts") {
    rotation.add_at(number("a"), now + seconds(9));
    rotation.add_at(number("a"), now + seconds(3));
    rotation.add_at(number("a"), now + seconds(6));
    CHECK(take(5).empty());
    now += seconds(3);
    CHECK(take(5) == Names{"a"});
    rotation.leave(number("a"));
    CHECK_FALSE(rotation.next_time());
}

TEST_CASE_METHOD(Fixture, "a number may have its turn while a retry of it waits") {
    rotation.add_at(number("a"), now + seconds(3));
    rotation.add(number("a"));
    CHECK(take(5) == Names{"a"});
    rotation.leave(number("a"));
    CHECK(rotation.next_time() == now + seconds(3));
}

}  // namespace tecnochat::whatsapp_connector
