#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat {

/// 128-bit UUID (RFC 9562). Ids are version 7 (time-ordered, so B-tree friendly); derived ids are
/// version 5.
class Uuid {
 public:
    constexpr Uuid() = default;
    explicit constexpr Uuid(std::array<std::uint8_t, 16> bytes) : bytes_(bytes) {}

    /// Accepts the 36-character form, upper or lower case.
    static Result<Uuid> parse(std::string_view text);
    /// SHA-1 name-based: the same (space, name) always gives the same id.
    static Uuid v5(const Uuid& space, std::string_view name);
    /// Time-ordered with 74 random bits from the operating system; thread-safe.
    static Uuid v7(Timestamp now);

    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    [[nodiscard]] bool is_nil() const { return bytes_ == std::array<std::uint8_t, 16>{}; }
    auto operator<=>(const Uuid&) const = default;

 private:
    std::array<std::uint8_t, 16> bytes_{};
};

/// A Uuid that only compares and converts to its own kind.
template <class Tag>
class Id {
 public:
    constexpr Id() = default;
    explicit constexpr Id(Uuid uuid) : uuid_(uuid) {}
    static Result<Id> parse(std::string_view text) {
        auto uuid = Uuid::parse(text);
        if (!uuid) return std::move(uuid).error();
        return Id(*uuid);
    }
    static Id generate(Timestamp now) { return Id(Uuid::v7(now)); }
    [[nodiscard]] const Uuid& uuid() const { return uuid_; }
    [[nodiscard]] std::string to_string() const { return uuid_.to_string(); }
    auto operator<=>(const Id&) const = default;

 private:
    Uuid uuid_;
};

using TenantId = Id<struct TenantTag>;
using ContactId = Id<struct ContactTag>;
using ConversationId = Id<struct ConversationTag>;
using MessageId = Id<struct MessageTag>;
using TurnId = Id<struct TurnTag>;
using KnowledgeItemId = Id<struct KnowledgeItemTag>;

/// The name space of every derived (version 5) id of the suite.
inline constexpr Uuid kTecnochatNamespace{
    {0x6f, 0x1b, 0x5c, 0x0a, 0x3e, 0x52, 0x4d, 0x8f, 0x9a, 0x51, 0x27, 0xd4, 0x0e, 0x8c, 0x61, 0xb3}
};

}  // namespace tecnochat

template <>
struct std::hash<tecnochat::Uuid> {
    std::size_t operator()(const tecnochat::Uuid& uuid) const noexcept;
};
template <class Tag>
struct std::hash<tecnochat::Id<Tag>> {
    std::size_t operator()(const tecnochat::Id<Tag>& id) const noexcept {
        return std::hash<tecnochat::Uuid>{}(id.uuid());
    }
};
