#pragma once

#include <string>
#include <string_view>

#include "tecnochat/core/result.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::crypto {

/// Whose content it is: destroying that person's key makes it unreadable everywhere.
struct ContentOwner {
    TenantId tenant;
    ContactId person;
};

/// Seals content at rest. Everything that stores a customer's words goes through this port; the
/// vault later puts per-person keys behind it without touching its users.
class ContentSealer {
 public:
    virtual ~ContentSealer() = default;
    virtual Result<std::string> seal(const ContentOwner& owner, std::string_view plain) = 0;
    /// An error with is_items_fault() says that the content is damaged or its key destroyed: it
    /// will never open, and may be erased. Any other says nothing about the content.
    virtual Result<std::string> open(const ContentOwner& owner, std::string_view sealed) = 0;
};

/// Plaintext, until the vault exists (issue 2, "Not now").
class PlainContentSealer final : public ContentSealer {
 public:
    Result<std::string> seal(const ContentOwner&, std::string_view plain) override {
        return std::string(plain);
    }
    Result<std::string> open(const ContentOwner&, std::string_view sealed) override {
        return std::string(sealed);
    }
};

}  // namespace tecnochat::crypto
