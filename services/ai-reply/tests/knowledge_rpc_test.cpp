// Goal: the RPCs say what the use cases decided, and wrong requests get the code the contract
// names. Method: the service's methods called directly; who may call them is libs/rpc's test.

#include "rpc/knowledge_rpc.hpp"

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>

#include "fakes.hpp"
#include "use_cases/builtin_reply_engine.hpp"

namespace tecnochat::ai_reply {
namespace {

using namespace knowledge::v1;

const std::string kTenant = tenant_of(1).to_string();

PutItemRequest put_request(std::uint8_t n, const std::string& title, const std::string& text) {
    PutItemRequest request;
    request.set_tenant_id(kTenant);
    request.mutable_item()->set_id(item_id_of(n).to_string());
    request.mutable_item()->set_kind(KNOWLEDGE_KIND_HOURS);
    request.mutable_item()->set_title(title);
    request.mutable_item()->set_text(text);
    return request;
}

struct Fixture {
    grpc::Status put(const PutItemRequest& request) {
        PutItemResponse response;
        return rpc.PutItem(&context, &request, &response);
    }

    FakeClock clock;
    FakeKnowledgeStore store;
    telemetry::Metrics metrics;
    KnowledgeIndexes indexes{store, clock, {}, metrics};
    BuiltinReplyEngine engine{indexes};
    AnswerTurn answer_turn{engine, clock, metrics};
    ManageKnowledge manage{store, indexes};
    KnowledgeRpc rpc{manage, answer_turn};
    grpc::ServerContext context;
};

TEST_CASE("an item put is got, listed, asked about, and gone once deleted") {
    Fixture f;
    const PutItemRequest request = put_request(1, "Horario", "Abrimos a las 7:00 a. m.");
    PutItemResponse stored;
    REQUIRE(f.rpc.PutItem(&f.context, &request, &stored).ok());
    CHECK(stored.item().id() == request.item().id());
    CHECK(stored.item().kind() == KNOWLEDGE_KIND_HOURS);
    CHECK(stored.item().has_updated_at());

    GetItemRequest get;
    get.set_tenant_id(kTenant);
    get.set_item_id(request.item().id());
    GetItemResponse got;
    REQUIRE(f.rpc.GetItem(&f.context, &get, &got).ok());
    CHECK(got.item().text() == request.item().text());

    AskRequest ask;
    ask.set_tenant_id(kTenant);
    ask.set_question("¿a qué hora abren?");
    AskResponse answer;
    REQUIRE(f.rpc.Ask(&f.context, &ask, &answer).ok());
    CHECK(answer.action() == ai::v1::AI_ACTION_ANSWER);
    CHECK(answer.intent() == ai::v1::AI_INTENT_ASK_INFO);
    CHECK(answer.answer() == "Abrimos a las 7:00 a. m.");
    REQUIRE(answer.sources_size() == 1);
    CHECK(answer.sources(0).item_id() == request.item().id());

    DeleteItemRequest remove;
    remove.set_tenant_id(kTenant);
    remove.set_item_id(request.item().id());
    DeleteItemResponse removed;
    REQUIRE(f.rpc.DeleteItem(&f.context, &remove, &removed).ok());
    CHECK(f.rpc.DeleteItem(&f.context, &remove, &removed).ok());
    CHECK(f.rpc.GetItem(&f.context, &get, &got).error_code() == grpc::StatusCode::NOT_FOUND);
}

TEST_CASE("a page token leads through all items") {
    Fixture f;
    for (std::uint8_t n = 1; n <= 3; ++n) REQUIRE(f.put(put_request(n, "a", "b")).ok());
    ListItemsRequest list;
    list.set_tenant_id(kTenant);
    list.set_page_size(2);
    ListItemsResponse page;
    REQUIRE(f.rpc.ListItems(&f.context, &list, &page).ok());
    CHECK(page.items_size() == 2);
    REQUIRE_FALSE(page.next_page_token().empty());
    list.set_page_token(page.next_page_token());
    page.Clear();
    REQUIRE(f.rpc.ListItems(&f.context, &list, &page).ok());
    CHECK(page.items_size() == 1);
    CHECK(page.next_page_token().empty());
    const auto code = [&] { return f.rpc.ListItems(&f.context, &list, &page).error_code(); };
    list.set_page_token("not a token");
    CHECK(code() == grpc::StatusCode::INVALID_ARGUMENT);
    list.clear_page_token();
    list.set_page_size(-1);
    CHECK(code() == grpc::StatusCode::INVALID_ARGUMENT);
    list.set_page_size(501);  // as many as a page may hold
    CHECK(code() == grpc::StatusCode::OK);
}

TEST_CASE("wrong requests are INVALID_ARGUMENT, a store that is away UNAVAILABLE") {
    Fixture f;
    const auto code = [&](auto change) {
        PutItemRequest request = put_request(1, "Horario", "Abrimos.");
        change(request);
        return f.put(request).error_code();
    };
    constexpr auto kInvalid = grpc::StatusCode::INVALID_ARGUMENT;
    CHECK(code([](auto& r) { r.set_tenant_id("x"); }) == kInvalid);
    CHECK(code([](auto& r) { r.mutable_item()->set_id(""); }) == kInvalid);
    CHECK(code([](auto& r) { r.mutable_item()->set_text(" "); }) == kInvalid);
    CHECK(code([](auto& r) { r.mutable_item()->clear_kind(); }) == kInvalid);
    AskRequest ask;
    ask.set_tenant_id(kTenant);
    ask.set_question(std::string(20'000, 'a'));
    AskResponse answer;
    CHECK(f.rpc.Ask(&f.context, &ask, &answer).error_code() == kInvalid);
    f.store.away = true;
    CHECK(code([](auto&) {}) == grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace tecnochat::ai_reply
