// Who a message is from: user id first, then phone, what is missing filled in.
#include "domain/contact_book.hpp"

#include <catch2/catch.hpp>

namespace tecnochat::message_router::domain {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow = Timestamp(1'800'000'000'000ms);

const TenantId kTenant = TenantId::generate(kNow);
const TenantId kOther = TenantId::generate(kNow);

Contact contact(std::optional<std::string> user_id, std::optional<std::string> phone) {
    return {kTenant, ContactId::generate(kNow), {std::move(user_id), std::move(phone)}, "Ana"};
}

TEST_CASE("a new customer is made once per batch") {
    ContactBook book({});
    const auto first = book.resolve(kTenant, {std::nullopt, "573001"}, "Ana", kNow);
    CHECK(book.resolve(kTenant, {std::nullopt, "573001"}, "", kNow) == first);
    REQUIRE(book.created().size() == 1);
    CHECK(book.created()[0].name == "Ana");
    CHECK(book.changed().empty());
}

TEST_CASE("the user id wins over the phone") {
    ContactBook book({contact("CO.1", std::nullopt), contact("CO.2", "573001")});
    CHECK(book.resolve(kTenant, {"CO.1", "573001"}, "", kNow) == 0);
    CHECK(book.changed().empty());  // the phone is another contact's: merging is not ours
}

TEST_CASE("what a contact lacks is filled in") {
    ContactBook book({contact("CO.1", std::nullopt), contact(std::nullopt, "573002")});
    CHECK(book.resolve(kTenant, {"CO.1", "573001"}, "", kNow) == 0);
    CHECK(book.resolve(kTenant, {"CO.2", "573002"}, "", kNow) == 1);
    const auto changed = book.changed();
    REQUIRE(changed.size() == 2);
    CHECK(changed[0].identity == Identity{"CO.1", "573001"});
    CHECK(changed[1].identity == Identity{"CO.2", "573002"});
    CHECK(changed[0].name == "Ana");
    CHECK(book.created().empty());

    SECTION("and found by it in the same batch") {
        CHECK(book.resolve(kTenant, {std::nullopt, "573001"}, "", kNow) == 0);
        CHECK(book.resolve(kTenant, {"CO.2", std::nullopt}, "", kNow) == 1);
    }
}

TEST_CASE("a phone under another user id belongs to a new person") {
    ContactBook book({contact("CO.1", "573001")});
    const auto found = book.resolve(kTenant, {"CO.9", "573001"}, "Luis", kNow);
    CHECK(found == 1);
    REQUIRE(book.created().size() == 1);
    CHECK(book.created()[0].identity == Identity{"CO.9", std::nullopt});
    CHECK(book.contacts()[0].name == "Ana");
}

TEST_CASE("a new name replaces the old one, no name keeps it") {
    ContactBook book({contact("CO.1", "573001")});
    book.resolve(kTenant, {"CO.1", "573001"}, "", kNow);
    book.resolve(kTenant, {"CO.1", "573001"}, "Ana", kNow);
    CHECK(book.changed().empty());
    book.resolve(kTenant, {"CO.1", std::nullopt}, "Ana María", kNow);
    REQUIRE(book.changed().size() == 1);
    CHECK(book.changed()[0].name == "Ana María");
}

TEST_CASE("tenants do not share customers") {
    ContactBook book({contact("CO.1", "573001")});
    CHECK(book.resolve(kOther, {"CO.1", "573001"}, "Ana", kNow) == 1);
    CHECK(book.created()[0].tenant == kOther);
}

}  // namespace
}  // namespace tecnochat::message_router::domain
