#include "support/business.hpp"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <iostream>
#include <stdexcept>

#include "support/phone.hpp"
#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/core/environment.hpp"
#include "tecnochat/knowledge/v1/knowledge_service.grpc.pb.h"
#include "tecnochat/rpc/client.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/whatsapp/v1/whatsapp_service.grpc.pb.h"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

struct Bread {
    const char* name;
    int price;
};
constexpr Bread kBreads[] = {
    {"centeno", 11200}, {"arándano", 12300}, {"ajonjolí", 8400}, {"albahaca", 9500},
    {"cebolla", 7600},  {"calabaza", 10700}, {"chía", 13800},    {"coco", 6900},
    {"queso", 5100},    {"guayaba", 4200},   {"maíz", 3300},     {"nuez", 14400},
    {"orégano", 9900},  {"papa", 6600},      {"quinua", 15700},  {"romero", 8800},
    {"tomate", 7900},   {"uva", 12900},      {"yuca", 4900},     {"zanahoria", 5800},
};

std::string money(int pesos) {
    return "$" + std::to_string(pesos / 1000) + "." + std::to_string(1000 + pesos % 1000).substr(1);
}

std::uint64_t chosen_seed() {
    const auto given = environment_variable("TECNOCHAT_TEST_SEED");
    const std::uint64_t seed = given ? std::stoull(*given) : std::uint64_t{std::random_device{}()};
    std::cout << "TECNOCHAT_TEST_SEED=" << seed << "\n";
    return seed;
}

std::string random_digits(int count) {
    // Names only have to be new on a stack that several runs share, so chance of their own.
    static std::mt19937_64 random{std::random_device{}()};
    std::string digits;
    for (int i = 0; i < count; ++i)
        digits.push_back(static_cast<char>('0' + std::uniform_int_distribution<>(0, 9)(random)));
    return digits;
}

template <class Stub>
std::unique_ptr<typename Stub::Stub> stub(
    const testkit::Stack& stack, const std::string& service, const std::string& as
) {
    return Stub::NewStub(
        rpc::connect(stack.endpoint("/grpc/" + service), service, stack.identity(as))
    );
}

void must(const grpc::Status& status, const char* what) {
    if (!status.ok()) throw std::runtime_error(std::string(what) + ": " + status.error_message());
}

struct Item {
    std::string name;
    std::string title;
    std::string text;
};

void enter(
    knowledge::v1::KnowledgeService::Stub& ai,
    const TenantId& tenant,
    const Item& entered,
    Milliseconds patience
) {
    knowledge::v1::PutItemRequest request;
    request.set_tenant_id(tenant.to_string());
    auto& item = *request.mutable_item();
    item.set_id(Uuid::v5(tenant.uuid(), entered.name).to_string());
    item.set_kind(knowledge::v1::KNOWLEDGE_KIND_PRODUCT);
    item.set_title(entered.title);
    item.set_text(entered.text);
    knowledge::v1::PutItemResponse response;
    grpc::ClientContext context;
    rpc::prepare(context, Deadline::after(patience));
    must(ai.PutItem(&context, request, &response), "PutItem");
}

SystemClock system_clock;

}  // namespace

std::mt19937_64& chance() {
    static std::mt19937_64 generator{chosen_seed()};
    return generator;
}

Business::Business(const testkit::Stack& stack, int numbers)
    : stack_(stack), tenant_(TenantId::generate(system_clock.now())) {
    for (int i = 0; i < numbers; ++i) {
        numbers_.push_back(number_at_meta());
        connect(numbers_.back());
    }
    enter_knowledge();
    // Channels reach the router by an event.
    const auto router =
        stub<conversations::v1::ConversationsService>(stack_, "message-router", "gateway");
    for (const auto& number : numbers_) {
        const bool known = testkit::eventually(30s, [&] {
            conversations::v1::ListConversationsRequest request;
            request.set_tenant_id(tenant_.to_string());
            request.set_phone_number_id(number);
            conversations::v1::ListConversationsResponse response;
            grpc::ClientContext context;
            rpc::prepare(context, Deadline::after(patience_));
            return router->ListConversations(&context, request, &response).ok();
        });
        if (!known) throw std::runtime_error("the router never learned of number " + number);
    }
}

const std::vector<Covered>& Business::covered() {
    static const std::vector<Covered> all = [] {
        std::vector<Covered> questions;
        for (const auto& bread : kBreads) {
            questions.push_back(
                {std::string("¿cuánto cuesta el pan de ") + bread.name + "?", money(bread.price)}
            );
        }
        return questions;
    }();
    return all;
}

std::string Business::new_customer() {
    // Counted from anywhere: a crash test has so many customers that chance would repeat some.
    constexpr std::uint64_t kPhones = 1'000'000'000;
    static std::atomic<std::uint64_t> last = std::stoull(random_digits(9));
    return "573" + std::to_string(kPhones + ++last % kPhones).substr(1);
}

std::string Business::number_at_meta() const {
    auto number = "77" + random_digits(13);
    Phone(stack_).add_number(number, "88" + random_digits(13));
    return number;
}

void Business::connect(const std::string& number) const {
    const auto connector =
        stub<whatsapp::v1::WhatsAppService>(stack_, "whatsapp-connector", "provision");
    whatsapp::v1::RegisterChannelRequest request;
    request.set_tenant_id(tenant_.to_string());
    request.set_waba_id("88" + number);
    request.set_phone_number_id(number);
    request.set_display_phone_number("+57 " + number);
    whatsapp::v1::RegisterChannelResponse response;
    grpc::ClientContext context;
    rpc::prepare(context, Deadline::after(patience_));
    must(connector->RegisterChannel(&context, request, &response), "RegisterChannel");
}

void Business::enter_knowledge() const {
    const auto ai = stub<knowledge::v1::KnowledgeService>(stack_, "ai-reply", "provision");
    for (const auto& bread : kBreads) {
        const std::string name = std::string("pan de ") + bread.name;
        enter(
            *ai,
            tenant_,
            {bread.name, name, "El " + name + " cuesta " + money(bread.price) + " la unidad."},
            patience_
        );
    }
}

void Business::enter_another_item() const {
    const auto ai = stub<knowledge::v1::KnowledgeService>(stack_, "ai-reply", "provision");
    enter(
        *ai,
        tenant_,
        {random_digits(9), "Parqueadero", "Hay parqueadero para bicicletas en la entrada."},
        patience_
    );
}

Business::ConversationView Business::conversation(
    const std::string& number, const std::string& customer
) const {
    const auto router =
        stub<conversations::v1::ConversationsService>(stack_, "message-router", "gateway");
    conversations::v1::ListConversationsRequest request;
    request.set_tenant_id(tenant_.to_string());
    request.set_phone_number_id(number);
    request.set_contact_phone(customer);
    conversations::v1::ListConversationsResponse response;
    grpc::ClientContext context;
    rpc::prepare(context, Deadline::after(patience_));
    must(router->ListConversations(&context, request, &response), "ListConversations");
    if (response.conversations_size() != 1)
        throw std::runtime_error("the customer has no conversation yet");
    const auto& found = response.conversations(0);
    return {
        found.id(),
        found.turn() == conversations::v1::TURN_OWNER_HUMAN,
        found.turn_epoch(),
        found.parked()
    };
}

void Business::release(const std::string& conversation_id) const {
    const auto router =
        stub<conversations::v1::ConversationsService>(stack_, "message-router", "gateway");
    conversations::v1::ReleaseConversationRequest request;
    request.set_tenant_id(tenant_.to_string());
    request.set_conversation_id(conversation_id);
    conversations::v1::ReleaseConversationResponse response;
    grpc::ClientContext context;
    rpc::prepare(context, Deadline::after(patience_));
    must(router->ReleaseConversation(&context, request, &response), "ReleaseConversation");
}

}  // namespace tecnochat::scenarios
