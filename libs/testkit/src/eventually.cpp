#include "tecnochat/testkit/eventually.hpp"

#include <thread>

namespace tecnochat::testkit {

bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= end) return holds();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

void keep_pace(std::chrono::steady_clock::time_point& next, std::chrono::milliseconds interval) {
    std::this_thread::sleep_until(next);
    next += interval;
}

}  // namespace tecnochat::testkit
