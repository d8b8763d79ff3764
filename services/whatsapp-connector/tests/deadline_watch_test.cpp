// Goal: a call is cut once when its deadline passes, and never after it has ended.
#include "clients/deadline_watch.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tecnochat/core/guarded.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;
using Watched = DeadlineWatch::Watched;

/// Who was cut, in order.
class Cuts {
 public:
    std::function<void()> note(std::string name) {
        return [this, name = std::move(name)] {
            names_.with([&](auto& names) { names.push_back(name); });
        };
    }
    /// All, once there are so many.
    Names wait_for(std::size_t count) {
        testkit::eventually(10s, [&] { return names().size() >= count; });
        return names();
    }

 private:
    Names names() {
        return names_.with([](const auto& names) { return names; });
    }

    Guarded<Names> names_;
};

}  // namespace

TEST_CASE("a call that is still running at its deadline is cut, once") {
    Cuts cuts;
    DeadlineWatch watch;
    const auto begun = std::chrono::steady_clock::now();
    const Watched call(watch, Deadline::after(20ms), cuts.note("call"));
    cuts.wait_for(1);
    CHECK(std::chrono::steady_clock::now() - begun >= 20ms);
    // The watch has looked at all calls again by the time it cuts another one.
    const Watched later(watch, Deadline::after(0ms), cuts.note("later"));
    CHECK(cuts.wait_for(2) == Names{"call", "later"});
}

TEST_CASE("a call that has ended is not cut") {
    Cuts cuts;
    DeadlineWatch watch;
    {
        const Watched ended(watch, Deadline::after(20ms), cuts.note("ended"));
    }
    const Watched later(watch, Deadline::after(40ms), cuts.note("later"));
    CHECK(cuts.wait_for(1) == Names{"later"});
}

TEST_CASE("a nearer deadline is kept, though the watch sleeps until a later one") {
    Cuts cuts;
    DeadlineWatch watch;
    const Watched never(watch, Deadline::after(24h), cuts.note("never"));
    for (const auto* name : {"first", "second"}) {
        Cuts own;
        const Watched near(watch, Deadline::after(20ms), own.note(name));
        CHECK(own.wait_for(1) == Names{name});
    }
    CHECK(cuts.wait_for(0).empty());
}

TEST_CASE("a call that begins too late is cut all the same") {
    Cuts cuts;
    DeadlineWatch watch;
    const Watched late(
        watch, Deadline::at(std::chrono::steady_clock::now() - 1s), cuts.note("late")
    );
    CHECK(cuts.wait_for(1) == Names{"late"});
}

TEST_CASE("what is cut stays until the cut has ended") {
    std::atomic<bool> cutting{false};
    std::atomic<bool> gone{false};
    std::atomic<bool> gone_while_cutting{false};
    DeadlineWatch watch;
    auto call = std::make_unique<Watched>(watch, Deadline::after(0ms), [&] {
        cutting = true;
        cutting.notify_all();
        // Long enough for the other thread to get ahead, if it could.
        const auto until = std::chrono::steady_clock::now() + 50ms;
        while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
        gone_while_cutting = gone.load();
    });
    cutting.wait(false);
    call.reset();
    gone = true;
    {
        Cuts cuts;
        const Watched next(watch, Deadline::after(0ms), cuts.note("next"));
        cuts.wait_for(1);
    }
    CHECK_FALSE(gone_while_cutting);
}

TEST_CASE("many calls at once are each cut or ended") {
    constexpr int kThreads = 8;
    constexpr int kCalls = 200;
    std::atomic<int> cut{0};
    std::atomic<int> doubled{0};
    DeadlineWatch watch;
    {
        std::vector<std::jthread> workers;
        for (int thread = 0; thread < kThreads; ++thread) {
            workers.emplace_back([&, thread] {
                for (int i = 0; i < kCalls; ++i) {
                    std::atomic<int> times{0};
                    {
                        const Watched call(watch, Deadline::after(Milliseconds(i % 2)), [&] {
                            ++times;
                            times.notify_all();
                        });
                        // Every second thread waits to be cut, the others are quick.
                        if (thread % 2 == 0) times.wait(0);
                    }
                    cut += times > 0 ? 1 : 0;
                    doubled += times > 1 ? 1 : 0;
                }
            });
        }
    }
    CHECK(cut >= kThreads / 2 * kCalls);
    CHECK(doubled == 0);
}

}  // namespace tecnochat::whatsapp_connector
