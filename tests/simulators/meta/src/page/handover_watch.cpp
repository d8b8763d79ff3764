#include "page/handover_watch.hpp"

namespace tecnochat::meta_simulator {
namespace {

constexpr Milliseconds kEvery{1000};
constexpr Milliseconds kRouterDeadline{2000};

}  // namespace

HandoverWatch::HandoverWatch(Simulator& simulator, RouterClient& router, PhonePage& page)
    : simulator_(simulator),
      router_(router),
      page_(page),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void HandoverWatch::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (simulator_.events().has_clients()) {
            auto keys = router_.handed_over(Deadline::after(kRouterDeadline));
            page_.set_router_reachable(keys.has_value());
            if (keys) simulator_.set_handed_over(*std::move(keys));
        }
        std::unique_lock lock(mutex_);
        stopping_.wait_for(lock, stop, kEvery, [] { return false; });
    }
}

}  // namespace tecnochat::meta_simulator
