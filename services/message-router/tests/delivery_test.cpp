// Delivery reports come late, twice and in any order: the whole table, then the properties.
#include "domain/delivery.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace tecnochat::message_router::domain {
namespace {

using enum MessageStatus;

constexpr std::array kAll{
    kReceived, kQueued, kSending, kSent, kDelivered, kRead, kFailed, kUnknown
};

TEST_CASE("every report on every state") {
    struct Line {
        MessageStatus current;
        // After hearing received, queued, sending, sent, delivered, read, failed, unknown.
        std::array<MessageStatus, 8> after;
    };
    const Line lines[] = {
        {kReceived,
         {kReceived, kReceived, kReceived, kReceived, kReceived, kReceived, kReceived, kReceived}},
        {kQueued, {kQueued, kQueued, kSending, kSent, kDelivered, kRead, kFailed, kUnknown}},
        {kSending, {kSending, kSending, kSending, kSent, kDelivered, kRead, kFailed, kUnknown}},
        {kSent, {kSent, kSent, kSent, kSent, kDelivered, kRead, kFailed, kSent}},
        {kDelivered,
         {kDelivered, kDelivered, kDelivered, kDelivered, kDelivered, kRead, kDelivered, kDelivered}
        },
        {kRead, {kRead, kRead, kRead, kRead, kRead, kRead, kRead, kRead}},
        {kFailed, {kFailed, kFailed, kFailed, kFailed, kFailed, kFailed, kFailed, kFailed}},
        {kUnknown, {kUnknown, kUnknown, kUnknown, kSent, kDelivered, kRead, kFailed, kUnknown}},
    };
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < kAll.size(); ++i) {
            INFO(
                std::string(to_string(line.current)) << " hears " << std::string(to_string(kAll[i]))
            );
            CHECK(advance(line.current, kAll[i]) == line.after[i]);
        }
    }
}

TEST_CASE("a report heard twice changes nothing more") {
    for (const auto current : kAll) {
        for (const auto incoming : kAll) {
            const auto once = advance(current, incoming);
            CHECK(advance(once, incoming) == once);
        }
    }
}

TEST_CASE("the reports of a delivered message end the same in every order") {
    std::vector<MessageStatus> reports{kSending, kSent, kDelivered, kRead, kUnknown};
    std::sort(reports.begin(), reports.end());
    do {
        auto status = kQueued;
        for (const auto report : reports) status = advance(status, report);
        CHECK(status == kRead);
    } while (std::next_permutation(reports.begin(), reports.end()));
}

}  // namespace
}  // namespace tecnochat::message_router::domain
