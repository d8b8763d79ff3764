#pragma once

#include <mutex>
#include <utility>

namespace tecnochat {

/// A mutex that lives with its data: the value is only reachable under the lock. Never do I/O
/// inside.
template <class T>
class Guarded {
 public:
    Guarded() = default;
    explicit Guarded(T value) : value_(std::move(value)) {}

    template <class Use>
    decltype(auto) with(Use&& use) {
        std::scoped_lock lock(mutex_);
        return std::forward<Use>(use)(value_);
    }
    template <class Use>
    decltype(auto) with(Use&& use) const {
        std::scoped_lock lock(mutex_);
        return std::forward<Use>(use)(value_);
    }

 private:
    mutable std::mutex mutex_;
    T value_{};
};

}  // namespace tecnochat
