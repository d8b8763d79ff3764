#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tecnochat/core/result.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::sealing {

/// Whose content it is: destroying this person's keys makes it unreadable everywhere.
struct Person {
    TenantId tenant;
    ContactId contact;
    auto operator<=>(const Person&) const = default;
};

/// What can be done with a person's content now.
enum class KeyState {
    kOpen,    // it can be sealed and opened
    kNotYet,  // the key cannot be had at present: wait and fetch again (back-pressure)
    kErased,  // the key is destroyed: never again
};

// Error::reason of what Keys refuses.
inline constexpr std::string_view kKeyNotYet = "KEY_NOT_YET";          // kUnavailable
inline constexpr std::string_view kKeyNotFetched = "KEY_NOT_FETCHED";  // kAborted
inline constexpr std::string_view kPersonErased = "PERSON_ERASED";     // kFailedPrecondition
inline constexpr std::string_view kSealBroken = "SEAL_BROKEN";         // kDataLoss

/// True where content will never be readable again because its person was erased: lists show it as
/// erased and go on.
[[nodiscard]] bool is_erased(const Error& error) noexcept;

/// All keys of one person: more than one where two contacts were merged. Implemented by a Sealer,
/// immutable, thread-safe, and free of I/O. A sealed value names the key it lies under; new values
/// are sealed under the newest key.
class Keyring {
 public:
    virtual ~Keyring() = default;
    /// Any bytes, also none. Two calls need not give the same value.
    [[nodiscard]] virtual Result<std::string> seal(std::string_view plain) const = 0;
    /// kDataLoss SEAL_BROKEN where the value is damaged or not of this person; kFailedPrecondition
    /// PERSON_ERASED where the key that it names is destroyed, though the person has others.
    [[nodiscard]] virtual Result<std::string> open(std::string_view sealed) const = 0;
};

/// The keys for one batch or one page, fetched before BEGIN: from then on sealing and opening are
/// local. A snapshot with value semantics: copies share the key material, and outlive the Sealer.
/// Drop it with the batch, for an erasure reaches only what is fetched later. Const members are
/// thread-safe.
class Keys {
 public:
    /// kNotYet for a person who was not asked for.
    [[nodiscard]] KeyState state(const Person& person) const;

    /// kUnavailable KEY_NOT_YET; kAborted KEY_NOT_FETCHED for a person who was not asked for (a
    /// contact that another transaction made meanwhile: fetch again, then retry the transaction);
    /// kFailedPrecondition PERSON_ERASED.
    [[nodiscard]] Result<std::string> seal(const Person& person, std::string_view plain) const;
    /// The same, and kDataLoss SEAL_BROKEN for a value that is damaged or somebody else's.
    [[nodiscard]] Result<std::string> open(const Person& person, std::string_view sealed) const;

    /// Takes over the people of `other`; where both know one, `other` counts as the newer.
    void merge(Keys other);
    [[nodiscard]] std::size_t size() const { return people_.size(); }

    // For implementations of Sealer. Each replaces what was said of the person before.
    void put_open(const Person& person, std::shared_ptr<const Keyring> ring);
    void put_not_yet(const Person& person);
    void put_erased(const Person& person);

 private:
    struct Entry {
        KeyState state = KeyState::kNotYet;
        // Shared between the implementation's cache and every snapshot; null unless kOpen.
        std::shared_ptr<const Keyring> ring;
    };
    struct Hash {
        std::size_t operator()(const Person& person) const noexcept;
    };
    [[nodiscard]] Result<const Keyring*> ring_of(const Person& person) const;

    std::unordered_map<Person, Entry, Hash> people_;
};

}  // namespace tecnochat::sealing
