// What the inbound use case takes alone: a correctness test at size, which prints its rate.
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>

#include "component/fixture.hpp"

namespace tecnochat::message_router::testing {
namespace {

TEST_CASE("large batches of many customers are stored whole") {
    Router router;
    constexpr int kBatches = 10;
    constexpr int kSize = 200;
    std::vector<std::vector<kafka::Record>> batches;
    for (int b = 0; b < kBatches; ++b) {
        auto& batch = batches.emplace_back();
        for (int i = 0; i < kSize; ++i) {
            const auto n = std::to_string(b * kSize + i);
            const auto phone = "57300" + std::to_string((b * kSize + i) % 1000);
            batch.push_back(
                Router::record(router.text_message("wamid." + n, "¿abren el sábado?", phone))
            );
        }
    }
    const auto begin = std::chrono::steady_clock::now();
    for (const auto& batch : batches) Router::require(router.receive_inbound(batch));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cout << "inbound alone: " << kBatches * kSize / took.count()
              << " messages/s in batches of " << kSize << "\n";
    CHECK(router.database.count("SELECT count(*) FROM messages") == kBatches * kSize);
    CHECK(
        router.database.count("SELECT count(*) FROM turns WHERE outcome IS NULL") ==
        kBatches * kSize
    );
    CHECK(
        router.database.count("SELECT count(*) FROM conversations WHERE next_sequence = 3") == 1000
    );
}

}  // namespace
}  // namespace tecnochat::message_router::testing
