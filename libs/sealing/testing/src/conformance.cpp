#include "tecnochat/sealing/testing/conformance.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tecnochat::sealing::testing {
namespace {

constexpr int kThreads = 4;
constexpr int kRoundsPerThread = 25;

Deadline soon() {
    return Deadline::after(Milliseconds(10'000));
}

TenantId some_tenant() {
    return TenantId::generate(SystemClock().now());
}

std::vector<Person> make_people(Sealer& sealer, const TenantId& tenant, int count, Keys& keys) {
    const auto ids = sealer.new_people(tenant, count, keys, soon());
    REQUIRE(ids);
    REQUIRE(ids->size() == static_cast<std::size_t>(count));
    std::vector<Person> people;
    for (const auto& id : *ids) people.push_back({tenant, id});
    return people;
}

Keys fetch(Sealer& sealer, const std::vector<Person>& people) {
    auto keys = sealer.fetch(people, soon());
    REQUIRE(keys);
    return std::move(keys).value();
}

std::string seal(const Keys& keys, const Person& person, std::string_view plain) {
    auto sealed = keys.seal(person, plain);
    REQUIRE(sealed);
    return std::move(sealed).value();
}

void check_opens(
    const Keys& keys, const Person& person, const std::string& sealed, std::string_view plain
) {
    const auto opened = keys.open(person, sealed);
    REQUIRE(opened);
    CHECK(*opened == plain);
}

void check_refused(const Result<std::string>& result, ErrorCode code, std::string_view reason) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code == code);
    CHECK(result.error().reason == reason);
}

void check_round_trips(Sealer& sealer) {
    Keys keys;
    const auto person = make_people(sealer, some_tenant(), 1, keys).front();
    const std::vector<std::string> contents{
        "",
        "hola, ¿tienen cita mañana? 🙂",
        std::string("\0with\0zeros\xff\xfe", 13),
        std::string(1U << 20U, 'x'),
    };
    for (const auto& content : contents) {
        check_opens(keys, person, seal(keys, person, content), content);
    }
}

void check_snapshots(Sealer& sealer) {
    std::vector<Person> people;
    std::vector<std::string> sealed;
    Keys copy;
    {
        Keys keys;
        people = make_people(sealer, some_tenant(), 3, keys);
        for (const auto& person : people) sealed.push_back(seal(keys, person, "words"));
        copy = keys;
    }
    const Keys later = fetch(sealer, people);
    for (std::size_t i = 0; i < people.size(); ++i) {
        check_opens(copy, people[i], sealed[i], "words");
        check_opens(later, people[i], sealed[i], "words");
        check_opens(copy, people[i], seal(later, people[i], "new words"), "new words");
    }
}

void check_many_in_one_call(Sealer& sealer) {
    Keys made;
    auto people = make_people(sealer, some_tenant(), 100, made);
    const auto others = make_people(sealer, some_tenant(), 100, made);
    people.insert(people.end(), others.begin(), others.end());
    const auto known = people.size();
    people.insert(people.end(), others.begin(), others.end());  // repeated
    const Keys keys = fetch(sealer, people);
    CHECK(keys.size() == known);
    for (const auto& person : people) CHECK(keys.state(person) == KeyState::kOpen);
    CHECK(fetch(sealer, {}).size() == 0);
}

void check_not_fetched(Sealer& sealer) {
    Keys made;
    const auto people = make_people(sealer, some_tenant(), 2, made);
    const auto sealed = seal(made, people[1], "words");
    const Keys keys = fetch(sealer, {people[0]});
    CHECK(keys.state(people[1]) == KeyState::kNotYet);
    check_refused(keys.seal(people[1], "words"), ErrorCode::kAborted, kKeyNotFetched);
    check_refused(keys.open(people[1], sealed), ErrorCode::kAborted, kKeyNotFetched);
}

// Contacts that are older than the vault.
void check_never_heard_of(Sealer& sealer) {
    const Person person{some_tenant(), ContactId::generate(SystemClock().now())};
    const Keys first = fetch(sealer, {person});
    REQUIRE(first.state(person) == KeyState::kOpen);
    check_opens(fetch(sealer, {person}), person, seal(first, person, "words"), "words");
}

void check_new_people(Sealer& sealer) {
    const auto tenant = some_tenant();
    Keys keys;
    const auto before = make_people(sealer, tenant, 1, keys).front();
    const auto sealed = seal(keys, before, "words");
    std::set<ContactId> ids{before.contact};
    for (int call = 0; call < 3; ++call) {
        for (const auto& person : make_people(sealer, tenant, 50, keys)) {
            CHECK(keys.state(person) == KeyState::kOpen);
            ids.insert(person.contact);
        }
    }
    CHECK(ids.size() == 151);
    CHECK(keys.size() == 151);
    CHECK(make_people(sealer, tenant, 0, keys).empty());
    check_opens(keys, before, sealed, "words");
}

void check_hidden_and_bound(Sealer& sealer) {
    Keys keys;
    const auto people = make_people(sealer, some_tenant(), 2, keys);
    const auto& [owner, other] = std::pair(people[0], people[1]);
    const Person namesake{some_tenant(), owner.contact};
    keys.merge(fetch(sealer, {namesake}));
    const std::string plain = "a secret of forty-two letters, or so";
    const auto sealed = seal(keys, owner, plain);
    CHECK(sealed.find(plain) == std::string::npos);
    CHECK(sealed != seal(keys, owner, plain));
    check_refused(keys.open(other, sealed), ErrorCode::kDataLoss, kSealBroken);
    check_refused(keys.open(namesake, sealed), ErrorCode::kDataLoss, kSealBroken);

    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto damaged = sealed;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
        check_refused(keys.open(owner, damaged), ErrorCode::kDataLoss, kSealBroken);
        check_refused(keys.open(owner, sealed.substr(0, i)), ErrorCode::kDataLoss, kSealBroken);
    }
    check_refused(keys.open(owner, sealed + '\0'), ErrorCode::kDataLoss, kSealBroken);
    check_refused(keys.open(owner, plain), ErrorCode::kDataLoss, kSealBroken);
}

void check_threads(Sealer& sealer) {
    const auto tenant = some_tenant();
    Keys shared;
    const auto people = make_people(sealer, tenant, kThreads, shared);
    std::atomic<int> good{0};
    {
        std::vector<std::jthread> threads;
        for (const auto& own : people) {
            threads.emplace_back([&, own] {
                for (int round = 0; round < kRoundsPerThread; ++round) {
                    const auto sealed = shared.seal(own, "words");
                    auto fetched = sealer.fetch(people, soon());
                    Keys mine;
                    const auto made = sealer.new_people(tenant, 2, mine, soon());
                    if (!sealed || !fetched || !made) continue;
                    fetched->merge(std::move(mine));
                    const auto opened = fetched->open(own, *sealed);
                    const bool open = fetched->state({tenant, made->back()}) == KeyState::kOpen;
                    if (opened && *opened == "words" && open) ++good;
                }
            });
        }
    }
    CHECK(good == kThreads * kRoundsPerThread);
}

void check_away(const Subject& subject) {
    Keys keys;
    const auto tenant = some_tenant();
    const auto person = make_people(subject.sealer, tenant, 1, keys).front();
    const auto sealed = seal(keys, person, "words");
    const Person uncached{tenant, ContactId::generate(SystemClock().now())};
    subject.go_away();
    const std::vector<Person> asked{uncached};
    const auto fetched = subject.sealer.fetch(asked, soon());
    REQUIRE_FALSE(fetched);
    CHECK(fetched.error().code == ErrorCode::kUnavailable);
    // A pool of pairs may last for a while, not for this many.
    const auto before = keys.size();
    const auto made = subject.sealer.new_people(tenant, kMaxPeople, keys, soon());
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kUnavailable);
    CHECK(keys.size() == before);
    check_opens(keys, person, sealed, "words");  // what was fetched stays good

    subject.come_back();
    check_opens(fetch(subject.sealer, {person}), person, sealed, "words");
}

void check_deadline(const Subject& subject) {
    Keys keys;
    const auto tenant = some_tenant();
    const std::vector<Person> people{{tenant, ContactId::generate(SystemClock().now())}};
    subject.hold();
    const auto fetched = subject.sealer.fetch(people, Deadline::after(Milliseconds(30)));
    REQUIRE_FALSE(fetched);
    CHECK(is_retryable(fetched.error()));
    const auto made =
        subject.sealer.new_people(tenant, kMaxPeople, keys, Deadline::after(Milliseconds(30)));
    REQUIRE_FALSE(made);
    CHECK(is_retryable(made.error()));
    CHECK(keys.size() == 0);

    Result<Keys> answer = make_error(ErrorCode::kInternal, "not asked yet");
    std::jthread waits([&] { answer = subject.sealer.fetch(people, soon()); });
    subject.let_go();
    waits.join();
    REQUIRE(answer);
    CHECK(answer->state(people.front()) == KeyState::kOpen);
}

void check_erased(const Subject& subject) {
    Keys made;
    const auto people = make_people(subject.sealer, some_tenant(), 3, made);
    const auto& gone = people[1];
    const auto sealed = seal(made, gone, "words");
    const auto sealed_of_other = seal(made, people[2], "words");
    subject.erase(gone);
    for (int time = 0; time < 2; ++time) {  // once more: a fetch must not make a new key
        const Keys keys = fetch(subject.sealer, people);
        CHECK(keys.state(people[0]) == KeyState::kOpen);
        CHECK(keys.state(gone) == KeyState::kErased);
        check_opens(keys, people[2], sealed_of_other, "words");
        check_refused(keys.open(gone, sealed), ErrorCode::kFailedPrecondition, kPersonErased);
        check_refused(keys.seal(gone, "new"), ErrorCode::kFailedPrecondition, kPersonErased);
        CHECK(is_erased(keys.open(gone, sealed).error()));
    }
    // All of them erased is an answer too, not an outage.
    CHECK(fetch(subject.sealer, {gone}).state(gone) == KeyState::kErased);
}

void check_withheld(const Subject& subject) {
    Keys made;
    const auto people = make_people(subject.sealer, some_tenant(), 2, made);
    const auto sealed = seal(made, people[0], "words");
    subject.withhold(people[0]);
    const Keys keys = fetch(subject.sealer, people);
    CHECK(keys.state(people[0]) == KeyState::kNotYet);
    check_refused(keys.seal(people[0], "words"), ErrorCode::kUnavailable, kKeyNotYet);
    check_refused(keys.open(people[0], sealed), ErrorCode::kUnavailable, kKeyNotYet);
    check_opens(keys, people[1], seal(keys, people[1], "words"), "words");

    subject.hand_over(people[0]);
    check_opens(fetch(subject.sealer, people), people[0], sealed, "words");
}

void check_merged(const Subject& subject) {
    Keys made;
    const auto people = make_people(subject.sealer, some_tenant(), 2, made);
    const auto& [from, into] = std::pair(people[0], people[1]);
    const auto sealed_from = seal(made, from, "of the first contact");
    const auto sealed_into = seal(made, into, "of the second contact");
    subject.merge(from, into);
    const Keys keys = fetch(subject.sealer, {into});
    check_opens(keys, into, sealed_from, "of the first contact");
    check_opens(keys, into, sealed_into, "of the second contact");
    check_opens(keys, into, seal(keys, into, "new"), "new");
}

void check_daily(Sealer& sealer) {
    const auto today = std::chrono::floor<std::chrono::days>(SystemClock().now());
    const auto deadline = Deadline::after(std::chrono::seconds(10));
    const auto first = sealer.fetch_daily(today, deadline);
    REQUIRE(first);
    const auto sealed = (*first)->seal("of nobody known");
    REQUIRE(sealed);
    const auto again = sealer.fetch_daily(today, deadline);
    REQUIRE(again);
    const auto opened = (*again)->open(*sealed);
    REQUIRE(opened);
    CHECK(*opened == "of nobody known");
}

}  // namespace

void check_conformance(const Subject& subject) {
    Sealer& sealer = subject.sealer;
    SECTION("what is sealed opens, whatever bytes it holds") {
        check_round_trips(sealer);
    }
    SECTION("snapshots are values: copies and later ones open the same") {
        check_snapshots(sealer);
    }
    SECTION("many people of several tenants in one call") {
        check_many_in_one_call(sealer);
    }
    SECTION("a person who was not asked for is refused, and the transaction may be retried") {
        check_not_fetched(sealer);
    }
    SECTION("a person never heard of before gets a key that lasts") {
        check_never_heard_of(sealer);
    }
    SECTION("new people have ids of their own and keys") {
        check_new_people(sealer);
    }
    SECTION("a day has one key, which opens what it sealed") {
        check_daily(sealer);
    }
    SECTION("many threads use one sealer and one snapshot") {
        check_threads(sealer);
    }
    if (subject.seals) {
        SECTION("a value is hidden, and a foreign or damaged one does not open") {
            check_hidden_and_bound(sealer);
        }
    }
    if (subject.go_away) {
        SECTION("away is an error that may be retried, and what was fetched stays good") {
            check_away(subject);
        }
    }
    if (subject.hold) {
        SECTION("no call outlasts its deadline") {
            check_deadline(subject);
        }
    }
    if (subject.erase) {
        SECTION("erased is for ever, and the error of that person alone") {
            check_erased(subject);
        }
    }
    if (subject.withhold) {
        SECTION("nobody waits for another's key") {
            check_withheld(subject);
        }
    }
    if (subject.merge) {
        SECTION("a merged person opens the values of both") {
            check_merged(subject);
        }
    }
}

}  // namespace tecnochat::sealing::testing
