// ConversationsService as a caller sees it.
#include <grpcpp/server_context.h>

#include <catch2/catch.hpp>
#include <limits>

#include "component/fixture.hpp"
#include "rpc/conversations_rpc.hpp"
#include "tecnochat/crypto/encoding.hpp"

namespace tecnochat::message_router::testing {
namespace {

namespace v1 = tecnochat::conversations::v1;

struct Served : Router {
    ConversationsRpc rpc{read, release};
    grpc::ServerContext context;

    v1::ListConversationsResponse list(const v1::ListConversationsRequest& request) {
        v1::ListConversationsResponse response;
        const auto answered = rpc.ListConversations(&context, &request, &response);
        INFO(answered.error_message());
        REQUIRE(answered.ok());
        return response;
    }
    v1::ListConversationsRequest list_request(int page_size = 0) const {
        v1::ListConversationsRequest request;
        request.set_tenant_id(tenant.to_string());
        request.set_page_size(page_size);
        return request;
    }
};

TEST_CASE("conversations are listed newest first, page by page") {
    Served router;
    for (int i = 0; i < 7; ++i) {
        router.clock.advance(std::chrono::seconds(1));
        const auto n = std::to_string(i);
        router.take(
            router.receive_inbound,
            {Router::record(router.text_message("wamid." + n, "hola", "57300" + n))}
        );
    }
    std::vector<std::string> phones;
    auto request = router.list_request(3);
    for (int page = 0; page < 3; ++page) {
        const auto response = router.list(request);
        for (const auto& conversation : response.conversations())
            phones.push_back(conversation.contact().phone());
        request.set_page_token(response.next_page_token());
    }
    CHECK(request.page_token().empty());
    CHECK(
        phones ==
        std::vector<std::string>{
            "573006", "573005", "573004", "573003", "573002", "573001", "573000"
        }
    );

    SECTION("by customer") {
        auto by_phone = router.list_request();
        by_phone.set_contact_phone("573002");
        by_phone.set_phone_number_id(kNumber);
        const auto response = router.list(by_phone);
        REQUIRE(response.conversations_size() == 1);
        CHECK(response.conversations(0).contact().name() == "Ana");
        CHECK(response.conversations(0).turn() == v1::TURN_OWNER_AI);
        CHECK(response.conversations(0).unread() == 1);
    }
}

TEST_CASE("a number that is not in the directory is not found") {
    Served router;
    auto request = router.list_request();
    request.set_phone_number_id("999");
    v1::ListConversationsResponse response;
    CHECK(
        router.rpc.ListConversations(&router.context, &request, &response).error_code() ==
        grpc::NOT_FOUND
    );
}

TEST_CASE("messages tell what they answer and how their turn ended") {
    Served router;
    router.take_text("wamid.1", "¿a qué hora abren?");
    router.take(router.accept_replies, {Router::record(router.reply_to("wamid.1", "A las 8."))});
    router.take_text("wamid.2", "gracias");
    v1::ListMessagesRequest request;
    request.set_tenant_id(router.tenant.to_string());
    request.set_conversation_id(router.list(router.list_request()).conversations(0).id());
    request.set_page_size(2);
    v1::ListMessagesResponse response;
    REQUIRE(router.rpc.ListMessages(&router.context, &request, &response).ok());
    REQUIRE(response.messages_size() == 2);
    const auto& question = response.messages(0);
    const auto& answer = response.messages(1);
    CHECK(question.sequence() == 1);
    CHECK(question.direction() == v1::DIRECTION_IN);
    CHECK(question.provenance() == v1::PROVENANCE_CUSTOMER);
    CHECK(question.text() == "¿a qué hora abren?");
    CHECK(question.wamid() == "wamid.1");
    CHECK(question.turn_outcome() == v1::TURN_OUTCOME_REPLY);
    CHECK(answer.sequence() == 2);
    CHECK(answer.direction() == v1::DIRECTION_OUT);
    CHECK(answer.provenance() == v1::PROVENANCE_AI);
    CHECK(answer.status() == v1::MESSAGE_STATE_QUEUED);
    CHECK(answer.turn_id() == question.turn_id());
    REQUIRE(answer.in_reply_to_size() == 1);
    CHECK(answer.in_reply_to(0) == question.id());
    REQUIRE(answer.sources_size() == 1);
    CHECK(answer.sources(0).score() == 0.75);

    request.set_page_token(response.next_page_token());
    v1::ListMessagesResponse last;
    REQUIRE(router.rpc.ListMessages(&router.context, &request, &last).ok());
    REQUIRE(last.messages_size() == 1);
    CHECK(last.messages(0).text() == "gracias");
    CHECK(last.messages(0).turn_outcome() == v1::TURN_OUTCOME_UNSPECIFIED);
    CHECK(last.next_page_token().empty());
}

TEST_CASE("bad requests are told apart from missing things") {
    Served router;
    const auto refused = [&](const v1::ListConversationsRequest& request) {
        v1::ListConversationsResponse response;
        return router.rpc.ListConversations(&router.context, &request, &response).error_code();
    };
    for (const auto& token : {std::string("???"), std::string("YWJj"), std::string(5000, 'a')}) {
        auto request = router.list_request();
        request.set_page_token(token);
        CHECK(refused(request) == grpc::INVALID_ARGUMENT);
    }
    SECTION("a page token that names no time") {
        const auto token = [](std::int64_t ms) {
            return crypto::to_base64url(
                std::to_string(ms) + "/00000000-0000-7000-8000-000000000000"
            );
        };
        constexpr std::int64_t kBeforeYear1 = -62'135'596'800'001;
        constexpr std::int64_t kYear10000 = 253'402'300'800'000;
        for (const auto ms :
             {kBeforeYear1 + 1, std::int64_t{-1}, std::int64_t{0}, kYear10000 - 1}) {
            auto request = router.list_request();
            request.set_page_token(token(ms));
            CHECK(refused(request) == grpc::OK);
        }
        using Limits = std::numeric_limits<std::int64_t>;
        for (const auto ms : {Limits::min(), kBeforeYear1, kYear10000, Limits::max()}) {
            auto request = router.list_request();
            request.set_page_token(token(ms));
            CHECK(refused(request) == grpc::INVALID_ARGUMENT);
        }
    }
    CHECK(refused(router.list_request(-1)) == grpc::INVALID_ARGUMENT);
    CHECK(refused(v1::ListConversationsRequest()) == grpc::INVALID_ARGUMENT);
}

TEST_CASE("an unknown conversation is not found, whatever its id looks like") {
    Served router;
    for (const auto* id : {"not an id", "00000000-0000-7000-8000-000000000000"}) {
        v1::ReleaseConversationRequest request;
        request.set_tenant_id(router.tenant.to_string());
        request.set_conversation_id(id);
        v1::ReleaseConversationResponse response;
        const auto answered = router.rpc.ReleaseConversation(&router.context, &request, &response);
        CHECK(answered.error_code() == grpc::NOT_FOUND);
    }
}

}  // namespace
}  // namespace tecnochat::message_router::testing
