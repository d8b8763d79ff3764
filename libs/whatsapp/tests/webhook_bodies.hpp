#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tecnochat/whatsapp/webhook.hpp"

namespace tecnochat::whatsapp::testing {

/// A body with its padding, its parser, and the result that points into both.
class Parsed {
 public:
    explicit Parsed(std::string body) : body_(std::move(body)), size_(body_.size()) {
        body_.append(kWebhookPadding, '\0');
        webhook_ = &parser_.parse(std::string_view(body_).substr(0, size_));
    }
    [[nodiscard]] const Webhook& operator*() const { return *webhook_; }
    const Webhook* operator->() const { return webhook_; }

 private:
    std::string body_;
    std::size_t size_;
    WebhookParser parser_;
    const Webhook* webhook_ = nullptr;
};

inline std::string joined(std::initializer_list<std::string> parts, const char* separator = ",") {
    std::string all;
    for (const std::string& part : parts) {
        if (!all.empty()) all += separator;
        all += part;
    }
    return all;
}

inline std::string envelope(const std::string& changes) {
    return R"({"object":"whatsapp_business_account","entry":[{"id":"WABA1","time":1739321024,)"
           R"("changes":[)" +
           changes + "]}]}";
}

inline std::string messages_change(const std::string& members) {
    return R"({"field":"messages","value":{"messaging_product":"whatsapp","metadata":)"
           R"({"display_phone_number":"15550783881","phone_number_id":"106540352242922"},)" +
           members + "}}";
}

inline std::string one_message(const std::string& message) {
    return envelope(messages_change("\"messages\":[" + message + "]"));
}

inline constexpr const char* kText =
    R"({"from":"573001112233","id":"wamid.A","timestamp":"1750030073","type":"text","text":{"body":"hola"}})";

inline std::string_view text_of(const WebhookMessage& message) {
    return std::get<TextBody>(message.content).body;
}

}  // namespace tecnochat::whatsapp::testing
