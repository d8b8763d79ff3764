// Goal: a name lookup that hangs holds nobody longer than his deadline, and nobody else at all.
#include "tecnochat/http_client/resolver.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <vector>

#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::http_client {
namespace {

using namespace std::chrono_literals;

/// Lookups of the names "slow…" hang until the test ends. Shared, as they may outlive a resolver.
struct Names {
    Result<Addresses> look_up(const std::string& host) {
        ++lookups;
        if (host.starts_with("slow") || hang.exchange(false)) {
            ++hanging;
            released.wait(false);
        }
        if (host.starts_with("none") || fail) return make_error(ErrorCode::kUnavailable, "none");
        return Addresses{"192.0.2." + std::to_string(answer.load())};
    }
    void release() {
        released = true;
        released.notify_all();
    }

    std::atomic<int> lookups{0};
    std::atomic<int> hanging{0};
    std::atomic<int> answer{1};
    std::atomic<bool> hang{false};  // the next one
    std::atomic<bool> fail{false};
    std::atomic<bool> released{false};
};

struct Fixture {
    explicit Fixture(CachingResolver::Limits limits = {})
        : resolver(limits, [names = names](const std::string& host) {
              return names->look_up(host);
          }) {}
    ~Fixture() { names->release(); }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;

    std::shared_ptr<Names> names = std::make_shared<Names>();
    CachingResolver resolver;
};

}  // namespace

TEST_CASE("the system's resolver knows this machine") {
    CachingResolver resolver;
    const auto found = resolver.resolve("localhost", Deadline::after(5s));
    REQUIRE(found);
    for (const auto& address : *found) CHECK((address == "127.0.0.1" || address == "[::1]"));
    CHECK_FALSE(found->empty());
    CHECK_FALSE(resolver.resolve("no-such-host.invalid", Deadline::after(5s)));
}

TEST_CASE("an answer is kept while it is fresh") {
    Fixture f;
    for (int i = 0; i < 3; ++i)
        CHECK(f.resolver.resolve("a", Deadline::after(5s)).value() == Addresses{"192.0.2.1"});
    CHECK(f.names->lookups == 1);
}

TEST_CASE("a hanging lookup lasts until the deadline, another host's does not wait for it") {
    Fixture f;
    auto slow = std::async(std::launch::async, [&] {
        return f.resolver.resolve("slow", Deadline::after(300ms));
    });
    REQUIRE(testkit::eventually(5s, [&] { return f.names->hanging == 1; }));
    const auto begun = std::chrono::steady_clock::now();
    CHECK(f.resolver.resolve("a", Deadline::after(5s)));
    CHECK(std::chrono::steady_clock::now() - begun < 200ms);
    const auto late = slow.get();
    REQUIRE_FALSE(late);
    CHECK(late.error().code == ErrorCode::kDeadlineExceeded);
}

TEST_CASE("a lookup that hangs is overtaken by the next one of the same host") {
    Fixture f({.patience = 50ms});
    f.names->hang = true;
    CHECK(f.resolver.resolve("a", Deadline::after(5s)));
    CHECK(f.names->lookups == 2);
}

TEST_CASE("an old answer serves while it is looked up again") {
    Fixture f({.fresh = 0ms, .patience = 0ms});
    REQUIRE(f.resolver.resolve("a", Deadline::after(5s)));
    f.names->answer = 2;
    f.names->hang = true;
    CHECK(f.resolver.resolve("a", Deadline::after(5s)).value() == Addresses{"192.0.2.1"});
    REQUIRE(testkit::eventually(5s, [&] { return f.names->hanging == 1; }));
    CHECK(testkit::eventually(5s, [&] {
        return f.resolver.resolve("a", Deadline::after(5s)).value() == Addresses{"192.0.2.2"};
    }));
}

TEST_CASE("an old answer serves while there is no newer one, but not for ever") {
    Fixture f({.fresh = 0ms, .usable = 200ms, .patience = 0ms});
    REQUIRE(f.resolver.resolve("a", Deadline::after(5s)));
    f.names->fail = true;
    CHECK(f.resolver.resolve("a", Deadline::after(5s)));
    CHECK(testkit::eventually(5s, [&] { return !f.resolver.resolve("a", Deadline::after(1s)); }));
}

TEST_CASE("a name without address is an error at once") {
    Fixture f;
    const auto found = f.resolver.resolve("none", Deadline::after(30s));
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("lookups that hang are bounded in number") {
    Fixture f({.patience = 0ms, .lookups_per_host = 2, .lookups = 3});
    CHECK_FALSE(f.resolver.resolve("slow-1", Deadline::after(100ms)));
    CHECK(f.names->lookups == 2);
    CHECK_FALSE(f.resolver.resolve("slow-2", Deadline::after(100ms)));
    CHECK(f.names->lookups == 3);
    CHECK_FALSE(f.resolver.resolve("a", Deadline::after(100ms)));
    CHECK(f.names->lookups == 3);
    f.names->release();
    CHECK(f.resolver.resolve("a", Deadline::after(5s)));
}

TEST_CASE("a resolver may go while a lookup of it hangs") {
    const auto names = std::make_shared<Names>();
    {
        CachingResolver resolver({}, [names](const std::string& host) {
            return names->look_up(host);
        });
        CHECK_FALSE(resolver.resolve("slow", Deadline::after(50ms)));
    }
    names->release();
}

TEST_CASE("many callers share one lookup") {
    Fixture f;
    std::vector<std::future<Result<Addresses>>> calls;
    for (int i = 0; i < 50; ++i) {
        calls.push_back(std::async(std::launch::async, [&] {
            return f.resolver.resolve("a", Deadline::after(5s));
        }));
    }
    for (auto& call : calls) CHECK(call.get());
    CHECK(f.names->lookups == 1);
}

}  // namespace tecnochat::http_client
