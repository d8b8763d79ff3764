#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/core/result.hpp"

namespace tecnochat {

/// A named place where a test may end the process, as a power switch would (SIGKILL to itself: no
/// destructor, no flush). Define each at namespace scope in the .cpp that uses it; the definition
/// registers it, so `--list-failpoints` of a binary names every one of them and the crash tests can
/// prove that each was hit.
///
///     Failpoint before_commit{"message-router.inbound.commit.before"};
///     …
///     before_commit.hit();
///
/// Disarmed (always, unless TECNOCHAT_ALLOW_FAILPOINTS=1) a hit costs one relaxed load.
class Failpoint {
 public:
    explicit Failpoint(std::string name);
    Failpoint(const Failpoint&) = delete;
    Failpoint& operator=(const Failpoint&) = delete;
    ~Failpoint();

    void hit() noexcept {
        if (hits_left_.load(std::memory_order_relaxed) > 0) [[unlikely]]
            strike();
    }
    [[nodiscard]] const std::string& name() const { return name_; }

 private:
    friend Status arm_failpoints(std::string_view spec);
    void strike() noexcept;

    std::string name_;
    std::atomic<int> hits_left_{0};
};

/// The two failpoints around one step that matters (a commit, a produce): "<step>.before" and
/// "<step>.after". The name of a step derives from service, topic and step, for example
/// "message-router.whatsapp.inbound.commit".
struct StepFailpoints {
    explicit StepFailpoints(const std::string& step)
        : before(step + ".before"), after(step + ".after") {}
    Failpoint before;
    Failpoint after;
};

/// Every name registered in this binary, sorted.
std::vector<std::string> failpoint_names();

/// Arms `name[@n],…`: the n-th hit (default: the first) kills the process. Fails on an unknown
/// name.
Status arm_failpoints(std::string_view spec);

/// Reads TECNOCHAT_FAILPOINTS; an error if it is set without TECNOCHAT_ALLOW_FAILPOINTS=1. For
/// main().
Status arm_failpoints_from_environment();

}  // namespace tecnochat
