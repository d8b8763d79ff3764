// A measurement, hidden from the ordinary run ("[.measure]"): what the inbound use case takes
// alone.
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>

#include "component/fixture.hpp"

namespace tecnochat::message_router::testing {
namespace {

TEST_CASE("messages stored per second, 1,000 customers", "[.measure]") {
    Router router;
    constexpr int kBatches = 100;
    const int size = GENERATE(1, 10, 50, 200);
    std::vector<std::vector<kafka::Record>> batches;
    for (int b = 0; b < kBatches; ++b) {
        auto& batch = batches.emplace_back();
        for (int i = 0; i < size; ++i) {
            const int n = b * size + i;
            batch.push_back(Router::record(router.text_message(
                "wamid." + std::to_string(n),
                "¿a qué hora abren el sábado?",
                "57300" + std::to_string(n % 1000)
            )));
        }
    }
    const auto begin = std::chrono::steady_clock::now();
    for (const auto& batch : batches) Router::require(router.receive_inbound(batch));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cout << "batch of " << size << ": " << took.count() * 1000 / kBatches << " ms each, "
              << kBatches * size / took.count() << " messages/s\n";
    CHECK(router.database.count("SELECT count(*) FROM messages") == kBatches * size);
}

}  // namespace
}  // namespace tecnochat::message_router::testing
