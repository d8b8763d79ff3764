// The platform's rules, one by one, on a clock that only the test moves.

#include "domain/world.hpp"

#include <catch2/catch.hpp>

#include "domain/phone_number.hpp"
#include "fakes.hpp"

using namespace tecnochat;
using namespace tecnochat::meta_simulator;
using namespace std::chrono_literals;

namespace {

const std::string kNumber = "20001";
const std::string kCustomer = "573001112233";

struct Fixture {
    FakeClock clock;
    World world{clock, counting_random()};

    Fixture() {
        REQUIRE(world.add_number(cafe()));
        Customer customer;
        customer.wa_id = kCustomer;
        customer.name = "Laura Peña";
        REQUIRE(world.add_customer(customer));
    }

    Message customer_says(const std::string& text) {
        CustomerMessage message;
        message.text = text;
        auto stored = world.customer_writes(kNumber, kCustomer, message);
        REQUIRE(stored);
        return *stored;
    }
    int send_code(const SendRequest& request) {
        const auto outcome = world.send(kNumber, request);
        const auto* error = std::get_if<GraphError>(&outcome);
        return error == nullptr ? 0 : error->code;
    }
    Accepted accepted(const SendRequest& request) {
        const auto outcome = world.send(kNumber, request);
        REQUIRE(std::holds_alternative<Accepted>(outcome));
        return std::get<Accepted>(outcome);
    }
};

}  // namespace

TEST_CASE("a recipient without + is read with the business' country code") {
    CHECK(normalise_recipient("+57 300 111-2233", "576015550101") == "573001112233");
    CHECK(normalise_recipient("573001112233", "576015550101") == "573001112233");
    CHECK(normalise_recipient("3001112233", "576015550101") == "573001112233");
    CHECK(normalise_recipient("+16505551234", "576015550101") == "16505551234");
    CHECK(normalise_recipient("16505551234", "576015550101") == "5716505551234");
    CHECK_FALSE(normalise_recipient("+57 abc", "576015550101"));
    CHECK_FALSE(normalise_recipient("+12", "576015550101"));
}

TEST_CASE_METHOD(Fixture, "the window opens with a customer's message and closes after 24 hours") {
    CHECK(send_code(text_to("+" + kCustomer)) == 131047);
    customer_says("hola");
    CHECK(send_code(text_to("+" + kCustomer)) == 0);
    clock.advance(24h);
    CHECK(send_code(text_to("+" + kCustomer)) == 0);
    clock.advance(1ms);
    CHECK(send_code(text_to("+" + kCustomer)) == 131047);
    customer_says("¿siguen ahí?");
    CHECK(send_code(text_to("+" + kCustomer)) == 0);
}

TEST_CASE_METHOD(Fixture, "an old message delivered late does not open the window") {
    CustomerMessage old;
    old.text = "hola";
    old.at = clock.now() - 25h;
    REQUIRE(world.customer_writes(kNumber, kCustomer, old));
    CHECK(send_code(text_to("+" + kCustomer)) == 131047);
}

TEST_CASE_METHOD(Fixture, "the window error can come by a failed status instead") {
    world.settings.window_error_in_answer = false;
    const auto sent = accepted(text_to("+" + kCustomer));
    REQUIRE(sent.message.statuses.size() == 1);
    CHECK(sent.message.statuses[0].kind == StatusKind::kFailed);
    CHECK(sent.message.statuses[0].error_code == 131047);
}

TEST_CASE_METHOD(Fixture, "one pair gets a burst of 45 and then one message per six seconds") {
    customer_says("hola");
    for (int i = 0; i < 45; ++i) REQUIRE(send_code(text_to("+" + kCustomer)) == 0);
    CHECK(send_code(text_to("+" + kCustomer)) == 131056);
    clock.advance(6s);
    CHECK(send_code(text_to("+" + kCustomer)) == 0);
    CHECK(send_code(text_to("+" + kCustomer)) == 131056);
}

TEST_CASE_METHOD(Fixture, "a number sends and receives 80 messages per second together") {
    for (int i = 0; i < 100; ++i) {
        Customer customer;
        customer.wa_id = std::to_string(573'100'000'000 + i);
        REQUIRE(world.add_customer(customer));
        CustomerMessage message;
        message.text = "hola";
        REQUIRE(world.customer_writes(kNumber, customer.wa_id, message));
    }
    CHECK(send_code(text_to("+573100000000")) == 130429);
    clock.advance(1s);
    int sent = 0;
    while (send_code(text_to("+" + std::to_string(573'100'000'000 + sent))) == 0) ++sent;
    CHECK(sent == 80);
    world.settings.rate_limits = false;
    CHECK(send_code(text_to("+573100000099")) == 0);
}

TEST_CASE_METHOD(Fixture, "limits of a text message") {
    customer_says("hola");
    const std::string to = "+" + kCustomer;
    std::string longest;
    for (int i = 0; i < 4096; ++i) longest += "á";
    CHECK(send_code(text_to(to, longest)) == 0);
    CHECK(send_code(text_to(to, longest + "x")) == 100);
    CHECK(send_code(text_to(to, "")) == 100);

    auto request = text_to(to);
    request.opaque = std::string(512, 'o');
    CHECK(send_code(request) == 0);
    request.opaque = std::string(513, 'o');
    CHECK(send_code(request) == 100);

    request = text_to(to);
    request.messaging_product.reset();
    CHECK(send_code(request) == 100);
    request = text_to(to);
    request.type = "image";
    CHECK(send_code(request) == 131051);
    request.type = "hologram";
    CHECK(send_code(request) == 100);
    request = text_to(to);
    request.to.reset();
    CHECK(send_code(request) == 100);
    CHECK(send_code(text_to("+57x")) == 131009);
    CHECK(send_code(text_to("+576015550101")) == 131021);
}

TEST_CASE_METHOD(
    Fixture, "statuses are planned: sent, delivered, and read where the customer reads"
) {
    customer_says("hola");
    const auto sent = accepted(text_to("+" + kCustomer));
    REQUIRE(sent.message.statuses.size() == 2);
    CHECK(sent.message.statuses[0].kind == StatusKind::kSent);
    CHECK(sent.message.statuses[1].kind == StatusKind::kDelivered);
    CHECK(sent.message.statuses[1].at - sent.message.at == 20ms);

    Customer eager;
    eager.wa_id = kCustomer;
    eager.reads = Reads::kAtOnce;
    REQUIRE(world.add_customer(eager));
    CHECK(accepted(text_to("+" + kCustomer)).message.statuses.back().kind == StatusKind::kRead);
}

TEST_CASE_METHOD(Fixture, "looking at the chat reads what was delivered, once") {
    customer_says("hola");
    const auto sent = accepted(text_to("+" + kCustomer));
    const auto read = world.customer_reads(kNumber, kCustomer);
    REQUIRE(read.size() == 1);
    CHECK(read[0].wamid == sent.message.wamid);
    CHECK(world.customer_reads(kNumber, kCustomer).empty());
}

TEST_CASE_METHOD(Fixture, "a read receipt marks the message and all before it") {
    const auto first = customer_says("uno");
    const auto second = customer_says("dos");
    const auto third = customer_says("tres");
    SendRequest receipt;
    receipt.messaging_product = "whatsapp";
    receipt.status = "read";
    receipt.message_id = second.wamid;
    receipt.typing = true;
    const auto outcome = world.read(kNumber, receipt);
    REQUIRE(std::holds_alternative<ReadReceipt>(outcome));
    CHECK(
        std::get<ReadReceipt>(outcome).newly_read ==
        std::vector<std::string>{first.wamid, second.wamid}
    );
    CHECK_FALSE(world.find_message(third.wamid)->read_by_business);
    CHECK(world.find_conversation(kNumber, kCustomer)->typing_until == clock.now() + 25s);

    customer_says("cuatro");
    accepted(text_to("+" + kCustomer));
    CHECK_FALSE(world.find_conversation(kNumber, kCustomer)->typing_until);

    receipt.message_id = "wamid.unknown";
    CHECK(std::get<GraphError>(world.read(kNumber, receipt)).code == 131009);
}

TEST_CASE_METHOD(Fixture, "a customer without a visible phone is reached by user id") {
    customer_says("hola");
    const std::string user_id =
        World::user_id(*world.find_number(kNumber), *world.find_customer(kCustomer));
    auto request = text_to("");
    request.to.reset();
    request.recipient = user_id;
    CHECK(accepted(request).customer.wa_id == kCustomer);
    request.recipient = "CO.1";
    CHECK(send_code(request) == 131009);
}

TEST_CASE_METHOD(Fixture, "a number nobody registered is an unknown object") {
    const auto outcome = world.send("999", text_to("+" + kCustomer));
    const auto& error = std::get<GraphError>(outcome);
    CHECK(error.code == 100);
    CHECK(error.subcode == 33);
    CHECK(error.type == "GraphMethodException");
}

TEST_CASE_METHOD(Fixture, "the first thousand service messages of a month are free") {
    for (int i = 0; i < 1000; ++i) REQUIRE(world.take_free_service_message(kNumber));
    CHECK_FALSE(world.take_free_service_message(kNumber));
    clock.advance(std::chrono::hours(24 * 31));
    CHECK(world.take_free_service_message(kNumber));
}

TEST_CASE_METHOD(Fixture, "invented customers get a Colombian mobile number and a name") {
    const auto first = world.add_customer({});
    const auto second = world.add_customer({});
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->wa_id.starts_with("573"));
    CHECK(first->wa_id.size() == 12);
    CHECK(first->wa_id != second->wa_id);
    CHECK_FALSE(first->name.empty());
}

TEST_CASE("message ids hold the customer's number, as Meta's do") {
    const auto random = counting_random();
    const auto inbound = make_wamid(kCustomer, Direction::kFromCustomer, random);
    const auto outbound = make_wamid(kCustomer, Direction::kFromBusiness, random);
    // base64 of 1c 18 0c "573001112233" 15 02 00 12/11 18
    CHECK(inbound.starts_with("wamid.HBgMNTczMDAxMTEyMjMzFQIAEhg"));
    CHECK(outbound.starts_with("wamid.HBgMNTczMDAxMTEyMjMzFQIAERg"));
    CHECK(inbound != make_wamid(kCustomer, Direction::kFromCustomer, random));
}
