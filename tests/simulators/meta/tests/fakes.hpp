#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "domain/random.hpp"
#include "domain/world.hpp"
#include "tecnochat/core/clock.hpp"

namespace tecnochat::meta_simulator {

/// Time stands still until a test moves it.
class FakeClock final : public Clock {
 public:
    [[nodiscard]] Timestamp now() const override { return now_; }
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override { return {}; }
    void advance(Milliseconds by) { now_ += by; }

 private:
    Timestamp now_ = from_unix_ms(1'795'500'000'000);
};

/// 0, 1, 2, …: distinct and the same in every run.
inline Random counting_random() {
    return [next = std::uint64_t{0}]() mutable { return next++ * 0x9E3779B97F4A7C15ULL; };
}

inline Number cafe() {
    Number number;
    number.phone_number_id = "20001";
    number.waba_id = "10001";
    number.display_phone_number = "+57 601 555 0101";
    number.name = "Café Páramo";
    return number;
}

inline SendRequest text_to(const std::string& to, const std::string& body = "Hola") {
    SendRequest request;
    request.messaging_product = "whatsapp";
    request.to = to;
    request.type = "text";
    request.text_body = body;
    return request;
}

}  // namespace tecnochat::meta_simulator
