#include "tecnochat/core/failpoint.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>

#include "tecnochat/core/environment.hpp"
#include "tecnochat/core/guarded.hpp"

namespace tecnochat {
namespace {

Guarded<std::vector<Failpoint*>>& registry() {
    static Guarded<std::vector<Failpoint*>> points;
    return points;
}

struct Arm {
    std::string_view name;
    int at = 1;
};

Result<Arm> parse_arm(std::string_view item) {
    const auto at = item.find('@');
    if (at == std::string_view::npos) return Arm{item, 1};
    int count = 0;
    const auto digits = item.substr(at + 1);
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (failure != std::errc{} || end != digits.data() + digits.size() || count < 1) {
        return make_error(
            ErrorCode::kInvalidArgument,
            fmt::format("failpoint count in '{}' is not a number above 0", item)
        );
    }
    return Arm{item.substr(0, at), count};
}

}  // namespace

Failpoint::Failpoint(std::string name) : name_(std::move(name)) {
    registry().with([this](auto& points) { points.push_back(this); });
}

Failpoint::~Failpoint() {
    registry().with([this](auto& points) { std::erase(points, this); });
}

void Failpoint::strike() noexcept {
    if (hits_left_.fetch_sub(1, std::memory_order_relaxed) != 1) return;
    const std::string line = "failpoint " + name_ + " struck\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
    kill(getpid(), SIGKILL);
}

std::vector<std::string> failpoint_names() {
    std::vector<std::string> names;
    registry().with([&](const auto& points) {
        for (const auto* point : points) names.push_back(point->name());
    });
    std::sort(names.begin(), names.end());
    return names;
}

Status arm_failpoints(std::string_view spec) {
    while (!spec.empty()) {
        const auto comma = spec.find(',');
        TECNOCHAT_TRY(const Arm arm, parse_arm(spec.substr(0, comma)));
        const bool found = registry().with([&](auto& points) {
            const auto it = std::find_if(points.begin(), points.end(), [&](auto* point) {
                return point->name() == arm.name;
            });
            if (it == points.end()) return false;
            (*it)->hits_left_.store(arm.at, std::memory_order_relaxed);
            return true;
        });
        if (!found) {
            return make_error(
                ErrorCode::kInvalidArgument,
                fmt::format("no failpoint is called '{}'; --list-failpoints shows them", arm.name)
            );
        }
        spec = comma == std::string_view::npos ? std::string_view{} : spec.substr(comma + 1);
    }
    return ok();
}

Status arm_failpoints_from_environment() {
    const auto spec = environment_variable("TECNOCHAT_FAILPOINTS");
    if (!spec) return ok();
    if (environment_variable("TECNOCHAT_ALLOW_FAILPOINTS") != "1") {
        return make_error(
            ErrorCode::kFailedPrecondition,
            "TECNOCHAT_FAILPOINTS is set, but failpoints are for tests: set "
            "TECNOCHAT_ALLOW_FAILPOINTS=1 or unset it"
        );
    }
    return arm_failpoints(*spec);
}

}  // namespace tecnochat
