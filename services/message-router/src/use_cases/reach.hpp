#pragma once

#include <map>
#include <span>
#include <string_view>

#include "store/parties.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/channels/store.hpp"
#include "tecnochat/sealing/sealer.hpp"

namespace tecnochat::message_router {

/// Why nothing may be stored for a conversation or sent to its customer; stable tokens.
namespace unreachable {
inline constexpr std::string_view kPersonErased = "person_erased";
inline constexpr std::string_view kDisconnected = "disconnected";
inline constexpr std::string_view kChannelChanged = "channel_changed";
}  // namespace unreachable

/// What is fetched of conversations before the transaction that writes to them: with whom they are,
/// on which number, and the keys of these people.
class Reach {
 public:
    /// All of them outlive it.
    struct Sources {
        postgres::Pool& pool;
        channels::Directory& directory;
        sealing::Sealer& sealer;
    };
    static Result<Reach> of(
        const Sources& sources, std::span<const store::ConversationRef> refs, Deadline deadline
    );

    /// Empty where the customer can be written to, also if the conversation is unknown. An error
    /// (kDataLoss) where the number is in a state that this version does not know.
    [[nodiscard]] Result<std::string_view> obstacle(const store::ConversationRef& ref) const;
    /// False while the customer's key cannot be had.
    [[nodiscard]] bool settled(const store::ConversationRef& ref) const;
    /// What channels::confirm has to hold for this conversation; nullopt where it is unknown.
    [[nodiscard]] std::optional<channels::Claim> claim(const store::ConversationRef& ref) const;
    [[nodiscard]] const sealing::Keys& keys() const { return keys_; }

 private:
    std::map<store::ConversationRef, store::Parties> parties_;
    channels::Entries numbers_;
    sealing::Keys keys_;
};

}  // namespace tecnochat::message_router
