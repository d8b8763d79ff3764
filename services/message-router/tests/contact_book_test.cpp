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

std::vector<Contact> created(const ContactBook& book) {
    std::vector<Contact> made;
    for (std::size_t i = 0; i < book.contacts().size(); ++i) {
        if (book.is_new(i)) made.push_back(book.contacts()[i]);
    }
    return made;
}

std::vector<Contact> changed(const ContactBook& book) {
    std::vector<Contact> others;
    for (std::size_t i = 0; i < book.contacts().size(); ++i) {
        if (!book.is_new(i) && book.is_changed(i)) others.push_back(book.contacts()[i]);
    }
    return others;
}

TEST_CASE("new customers get the ids they are given, each tenant its own") {
    ContactBook book({contact("CO.1", std::nullopt)});
    book.resolve(kTenant, {"CO.2", std::nullopt}, "");
    book.resolve(kOther, {"CO.2", std::nullopt}, "");
    CHECK(book.without_id() == std::map<TenantId, int>{{kTenant, 1}, {kOther, 1}});
    const ContactId ids[] = {ContactId::generate(kNow)};
    book.give_ids(kOther, ids);
    CHECK(book.contacts()[2].id == ids[0]);
    CHECK(book.without_id() == std::map<TenantId, int>{{kTenant, 1}});
}

TEST_CASE("a new customer is made once per batch") {
    ContactBook book({});
    const auto first = book.resolve(kTenant, {std::nullopt, "573001"}, "Ana");
    CHECK(book.resolve(kTenant, {std::nullopt, "573001"}, "") == first);
    REQUIRE(created(book).size() == 1);
    CHECK(created(book)[0].name == "Ana");
    CHECK(changed(book).empty());
}

TEST_CASE("the user id wins over the phone") {
    ContactBook book({contact("CO.1", std::nullopt), contact("CO.2", "573001")});
    CHECK(book.resolve(kTenant, {"CO.1", "573001"}, "") == 0);
    CHECK(changed(book).empty());  // the phone is another contact's: merging is not ours
}

TEST_CASE("what a contact lacks is filled in") {
    ContactBook book({contact("CO.1", std::nullopt), contact(std::nullopt, "573002")});
    CHECK(book.resolve(kTenant, {"CO.1", "573001"}, "") == 0);
    CHECK(book.resolve(kTenant, {"CO.2", "573002"}, "") == 1);
    const auto others = changed(book);
    REQUIRE(others.size() == 2);
    CHECK(others[0].identity == Identity{"CO.1", "573001"});
    CHECK(others[1].identity == Identity{"CO.2", "573002"});
    CHECK(others[0].name == "Ana");
    CHECK(created(book).empty());

    SECTION("and found by it in the same batch") {
        CHECK(book.resolve(kTenant, {std::nullopt, "573001"}, "") == 0);
        CHECK(book.resolve(kTenant, {"CO.2", std::nullopt}, "") == 1);
    }
}

TEST_CASE("a phone under another user id belongs to a new person") {
    ContactBook book({contact("CO.1", "573001")});
    const auto found = book.resolve(kTenant, {"CO.9", "573001"}, "Luis");
    CHECK(found == 1);
    REQUIRE(created(book).size() == 1);
    CHECK(created(book)[0].identity == Identity{"CO.9", std::nullopt});
    CHECK(book.contacts()[0].name == "Ana");
}

TEST_CASE("a new name replaces the old one, no name keeps it") {
    ContactBook book({contact("CO.1", "573001")});
    book.resolve(kTenant, {"CO.1", "573001"}, "");
    book.resolve(kTenant, {"CO.1", "573001"}, "Ana");
    CHECK(changed(book).empty());
    book.resolve(kTenant, {"CO.1", std::nullopt}, "Ana María");
    REQUIRE(changed(book).size() == 1);
    CHECK(changed(book)[0].name == "Ana María");
}

TEST_CASE("tenants do not share customers") {
    ContactBook book({contact("CO.1", "573001")});
    CHECK(book.resolve(kOther, {"CO.1", "573001"}, "Ana") == 1);
    CHECK(created(book)[0].tenant == kOther);
}

}  // namespace
}  // namespace tecnochat::message_router::domain
