// The words of the database: every value has one, and reading it back gives the value.
#include "domain/vocabulary.hpp"

#include <catch2/catch.hpp>

namespace tecnochat::message_router::domain {
namespace {

TEST_CASE("every word is read back as the value it stands for") {
    for (const auto value :
         {Provenance::kCustomer,
          Provenance::kCustomerInBooking,
          Provenance::kFlow,
          Provenance::kAi,
          Provenance::kAgent,
          Provenance::kCalendar,
          Provenance::kSystem})
        CHECK(parse_provenance(to_string(value)) == value);
    for (const auto value : {Direction::kIn, Direction::kOut})
        CHECK(parse_direction(to_string(value)) == value);
    for (const auto value : {TurnOwner::kAi, TurnOwner::kHuman})
        CHECK(parse_turn_owner(to_string(value)) == value);
    for (const auto value : {Outcome::kReply, Outcome::kHandover, Outcome::kSilence})
        CHECK(parse_outcome(to_string(value)) == value);
    for (const auto value :
         {MessageStatus::kReceived,
          MessageStatus::kQueued,
          MessageStatus::kSending,
          MessageStatus::kSent,
          MessageStatus::kDelivered,
          MessageStatus::kRead,
          MessageStatus::kFailed,
          MessageStatus::kUnknown})
        CHECK(parse_message_status(to_string(value)) == value);
}

TEST_CASE("unknown words are not guessed") {
    CHECK_FALSE(parse_provenance("CUSTOMER").has_value());
    CHECK_FALSE(parse_direction("").has_value());
    CHECK_FALSE(parse_turn_owner("calendar").has_value());
    CHECK_FALSE(parse_outcome("none").has_value());
    CHECK_FALSE(parse_message_status("played").has_value());
}

}  // namespace
}  // namespace tecnochat::message_router::domain
