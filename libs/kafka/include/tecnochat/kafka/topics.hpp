#pragma once

#include <array>
#include <string_view>

namespace tecnochat::kafka::topics {

// deploy/topics.yaml is the list; a contract test compares these names with it.
inline constexpr std::string_view kWhatsappInbound = "whatsapp.inbound";
inline constexpr std::string_view kWhatsappStatus = "whatsapp.status";
inline constexpr std::string_view kWhatsappAccount = "whatsapp.account";
inline constexpr std::string_view kAiRequests = "ai.requests";
inline constexpr std::string_view kAiReplies = "ai.replies";
inline constexpr std::string_view kWhatsappOutbound = "whatsapp.outbound";
inline constexpr std::string_view kWhatsappSent = "whatsapp.sent";
inline constexpr std::string_view kChannelEvents = "channel.events";
inline constexpr std::string_view kDeadLettersMessageRouter = "dead-letters.message-router";
inline constexpr std::string_view kDeadLettersAiReply = "dead-letters.ai-reply";
inline constexpr std::string_view kDeadLettersWhatsappConnector = "dead-letters.whatsapp-connector";

inline constexpr std::array kAll{
    kWhatsappInbound,
    kWhatsappStatus,
    kWhatsappAccount,
    kAiRequests,
    kAiReplies,
    kWhatsappOutbound,
    kWhatsappSent,
    kChannelEvents,
    kDeadLettersMessageRouter,
    kDeadLettersAiReply,
    kDeadLettersWhatsappConnector
};

}  // namespace tecnochat::kafka::topics
