#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ports.hpp"
#include "tecnochat/core/guarded.hpp"

namespace tecnochat::whatsapp_connector::testing {

/// A Graph API that answers as a test says and remembers what was asked of it.
class FakeGraph final : public GraphApi {
 public:
    struct Post {
        ClaimedSend send;
        std::string opaque;
    };
    using Answer = std::function<GraphAnswer(const ClaimedSend&)>;

    explicit FakeGraph(Answer answer = accept) : answer_(std::move(answer)) {}

    static GraphAnswer accept(const ClaimedSend& send) {
        return Accepted{"wamid." + send.id.to_string()};
    }

    GraphAnswer send_text(const ClaimedSend& send, const std::string& opaque) override {
        posts_.with([&](auto& all) { all.push_back({send, opaque}); });
        return answer_(send);
    }
    Status mark_read(const std::string&, const std::string& message_id, bool) override {
        receipts_.with([&](auto& all) { all.push_back(message_id); });
        return ok();
    }
    [[nodiscard]] std::vector<Post> posts() const {
        return posts_.with([](const auto& all) { return all; });
    }
    [[nodiscard]] std::vector<std::string> receipts() const {
        return receipts_.with([](const auto& all) { return all; });
    }

 private:
    Answer answer_;
    Guarded<std::vector<Post>> posts_;
    Guarded<std::vector<std::string>> receipts_;
};

/// Holds everything back for `pause` the first `times` times it is asked.
class FakeLimiter final : public RateLimiter {
 public:
    Allowance acquire(const std::string& phone_number_id, const ConversationId&) override {
        return left_.with([&](int& left) {
            ++asked_;
            if (phone_number_id == limited_) return Allowance{Milliseconds(20), true};
            return Allowance{left-- > 0 ? Milliseconds(20) : Milliseconds(0)};
        });
    }
    void hold_back(int times) {
        left_.with([&](int& left) { left = times; });
    }
    /// This number has no tokens; empty: every number has.
    void limit_number(const std::string& phone_number_id) {
        left_.with([&](int&) { limited_ = phone_number_id; });
    }
    [[nodiscard]] int asked() {
        return left_.with([&](int&) { return asked_; });
    }

 private:
    Guarded<int> left_{0};
    int asked_ = 0;
    std::string limited_;
};

}  // namespace tecnochat::whatsapp_connector::testing
