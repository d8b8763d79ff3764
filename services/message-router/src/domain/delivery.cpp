#include "domain/delivery.hpp"

namespace tecnochat::message_router::domain {
namespace {

// Place on the way of an ordinary delivery; 0 for what is not on it.
int rank(MessageStatus status) noexcept {
    switch (status) {
        case MessageStatus::kQueued:
            return 1;
        case MessageStatus::kSending:
            return 2;
        case MessageStatus::kSent:
            return 3;
        case MessageStatus::kDelivered:
            return 4;
        case MessageStatus::kRead:
            return 5;
        case MessageStatus::kReceived:
        case MessageStatus::kFailed:
        case MessageStatus::kUnknown:
            return 0;
    }
    return 0;
}

bool is_news(MessageStatus current, MessageStatus incoming) noexcept {
    const int here = rank(current);
    const bool unsettled = current == MessageStatus::kUnknown;
    switch (incoming) {
        case MessageStatus::kFailed:
            return unsettled ||
                   (here >= rank(MessageStatus::kQueued) && here <= rank(MessageStatus::kSent));
        case MessageStatus::kUnknown:
            return current == MessageStatus::kQueued || current == MessageStatus::kSending;
        case MessageStatus::kSent:
        case MessageStatus::kDelivered:
        case MessageStatus::kRead:
            return unsettled || (here > 0 && rank(incoming) > here);
        case MessageStatus::kSending:
            return current == MessageStatus::kQueued;
        case MessageStatus::kQueued:
        case MessageStatus::kReceived:
            return false;
    }
    return false;
}

}  // namespace

MessageStatus advance(MessageStatus current, MessageStatus incoming) noexcept {
    return is_news(current, incoming) ? incoming : current;
}

}  // namespace tecnochat::message_router::domain
