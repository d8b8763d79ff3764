#include "tecnochat/sealing/testing/faulty_sealer.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "tecnochat/crypto/encoding.hpp"

namespace tecnochat::sealing::testing {

struct FaultySealer::Key {
    std::string id;      // 16 bytes, in clear at the head of every value
    std::string secret;  // 32 bytes
};

namespace {

constexpr std::size_t kIdSize = 16;
constexpr std::size_t kSecretSize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
int length(std::string_view text) {
    return static_cast<int>(text.size());
}

Error broken() {
    return make_error(
        ErrorCode::kDataLoss, "the sealed value does not open", std::string(kSealBroken)
    );
}

Error away() {
    return make_error(ErrorCode::kUnavailable, "the vault is away", "VAULT_AWAY");
}

// id | nonce | ciphertext | tag; the id is authenticated with it.
std::string encrypt(const FaultySealer::Key& key, std::string_view plain) {
    const std::string nonce = crypto::random_bytes(kNonceSize);
    std::string cipher(plain.size(), '\0');
    std::string tag(kTagSize, '\0');
    const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int written = 0;
    unsigned char none = 0;
    const bool done =
        EVP_EncryptInit_ex(
            context.get(), EVP_aes_256_gcm(), nullptr, bytes(key.secret), bytes(nonce)
        ) == 1 &&
        EVP_EncryptUpdate(context.get(), nullptr, &written, bytes(key.id), length(key.id)) == 1 &&
        EVP_EncryptUpdate(context.get(), bytes(cipher), &written, bytes(plain), length(plain)) ==
            1 &&
        EVP_EncryptFinal_ex(context.get(), &none, &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, tag.data()) == 1;
    TECNOCHAT_ASSERT(done, "AES-256-GCM failed to seal");
    return key.id + nonce + cipher + tag;
}

Result<std::string> decrypt(const FaultySealer::Key& key, std::string_view sealed) {
    const auto nonce = sealed.substr(kIdSize, kNonceSize);
    const auto body = sealed.substr(kIdSize + kNonceSize);
    const auto cipher = body.substr(0, body.size() - kTagSize);
    std::string tag(body.substr(cipher.size()));
    std::string plain(cipher.size(), '\0');
    const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int written = 0;
    unsigned char none = 0;
    const bool done =
        EVP_DecryptInit_ex(
            context.get(), EVP_aes_256_gcm(), nullptr, bytes(key.secret), bytes(nonce)
        ) == 1 &&
        EVP_DecryptUpdate(context.get(), nullptr, &written, bytes(key.id), length(key.id)) == 1 &&
        EVP_DecryptUpdate(context.get(), bytes(plain), &written, bytes(cipher), length(cipher)) ==
            1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(context.get(), &none, &written) == 1;
    if (!done) return broken();
    return plain;
}

class EncryptingKeyring final : public Keyring {
 public:
    explicit EncryptingKeyring(std::vector<std::shared_ptr<const FaultySealer::Key>> keys)
        : keys_(std::move(keys)) {}

    Result<std::string> seal(std::string_view plain) const override {
        return encrypt(*keys_.back(), plain);
    }
    Result<std::string> open(std::string_view sealed) const override {
        if (sealed.size() < kIdSize + kNonceSize + kTagSize) return broken();
        for (const auto& key : keys_) {
            if (sealed.substr(0, kIdSize) == key->id) return decrypt(*key, sealed);
        }
        return broken();
    }

 private:
    std::vector<std::shared_ptr<const FaultySealer::Key>> keys_;  // shared with the sealer
};

}  // namespace

Result<Keys> FaultySealer::fetch(std::span<const Person> people, Deadline deadline) {
    TECNOCHAT_ASSERT(people.size() <= kMaxPeople, "too many people in one fetch");
    std::unique_lock lock(mutex_);
    TECNOCHAT_CHECK(enter(lock, deadline));
    Keys keys;
    bool any_answer = people.empty();
    for (const auto& person : people) {
        if (erased_.contains(person)) {
            keys.put_erased(person);
        } else if (withheld_.contains(person)) {
            keys.put_not_yet(person);
            continue;
        } else {
            keys.put_open(person, std::make_shared<EncryptingKeyring>(ring_of(person)));
        }
        any_answer = true;
    }
    if (!any_answer) return away();
    return keys;
}

Result<std::vector<ContactId>> FaultySealer::new_people(
    const TenantId& tenant, int count, Keys& into, Deadline deadline
) {
    TECNOCHAT_ASSERT(count >= 0 && count <= kMaxPeople, "a count of new people out of range");
    std::unique_lock lock(mutex_);
    TECNOCHAT_CHECK(enter(lock, deadline));
    std::vector<ContactId> ids;
    for (int i = 0; i < count; ++i) {
        ids.push_back(ContactId::generate(clock_.now()));
        const Person person{tenant, ids.back()};
        into.put_open(person, std::make_shared<EncryptingKeyring>(ring_of(person)));
    }
    return ids;
}

Status FaultySealer::enter(std::unique_lock<std::mutex>& lock, Deadline deadline) {
    ++calls_;
    ++waiting_;
    // The pause and the deadline are one wait, which hold() and let_go() interrupt.
    const auto slow_until = std::chrono::steady_clock::now() + delay_;
    const auto may_go_on = [&] { return !held_ && std::chrono::steady_clock::now() >= slow_until; };
    while (!may_go_on() && !deadline.expired()) {
        const auto until =
            held_ ? deadline.time_point() : std::min(slow_until, deadline.time_point());
        changed_.wait_until(lock, until);
    }
    --waiting_;
    if (!may_go_on() || deadline.expired()) {
        return make_error(ErrorCode::kDeadlineExceeded, "the vault did not answer in time");
    }
    if (away_) return away();
    if (failures_left_ > 0) {
        --failures_left_;
        return away();
    }
    return ok();
}

Result<std::shared_ptr<const Keyring>> FaultySealer::fetch_daily(
    std::chrono::sys_days day, Deadline deadline
) {
    std::unique_lock lock(mutex_);
    TECNOCHAT_CHECK(enter(lock, deadline));
    if (erased_days_.contains(day)) {
        return make_error(
            ErrorCode::kFailedPrecondition, "the day's key is destroyed", std::string(kPersonErased)
        );
    }
    auto& ring = days_[day];
    if (ring.empty()) ring.push_back(new_key());
    return std::shared_ptr<const Keyring>(std::make_shared<EncryptingKeyring>(ring));
}

std::shared_ptr<const FaultySealer::Key> FaultySealer::new_key() {
    return std::make_shared<const Key>(
        Key{crypto::random_bytes(kIdSize), crypto::random_bytes(kSecretSize)}
    );
}

FaultySealer::Ring& FaultySealer::ring_of(const Person& person) {
    auto& ring = rings_[person];
    if (ring.empty()) ring.push_back(new_key());
    return ring;
}

void FaultySealer::hold() {
    std::scoped_lock lock(mutex_);
    held_ = true;
}

void FaultySealer::let_go() {
    std::scoped_lock lock(mutex_);
    held_ = false;
    changed_.notify_all();
}

void FaultySealer::slow_down(Milliseconds delay) {
    std::scoped_lock lock(mutex_);
    delay_ = delay;
}

void FaultySealer::go_away() {
    std::scoped_lock lock(mutex_);
    away_ = true;
}

void FaultySealer::come_back() {
    std::scoped_lock lock(mutex_);
    away_ = false;
}

void FaultySealer::fail_next(int calls) {
    std::scoped_lock lock(mutex_);
    failures_left_ = calls;
}

void FaultySealer::withhold(const Person& person) {
    std::scoped_lock lock(mutex_);
    withheld_.insert(person);
}

void FaultySealer::hand_over(const Person& person) {
    std::scoped_lock lock(mutex_);
    withheld_.erase(person);
}

void FaultySealer::erase(const Person& person) {
    std::scoped_lock lock(mutex_);
    rings_.erase(person);
    erased_.insert(person);
}

void FaultySealer::erase_day(std::chrono::sys_days day) {
    std::scoped_lock lock(mutex_);
    days_.erase(day);
    erased_days_.insert(day);
}

void FaultySealer::merge(const Person& from, const Person& into) {
    std::scoped_lock lock(mutex_);
    TECNOCHAT_ASSERT(from.tenant == into.tenant, "people of two tenants are never merged");
    const Ring added = ring_of(from);
    auto& ring = ring_of(into);
    ring.insert(ring.begin(), added.begin(), added.end());  // its own key stays the newest
}

int FaultySealer::calls() const {
    std::scoped_lock lock(mutex_);
    return calls_;
}

int FaultySealer::waiting() const {
    std::scoped_lock lock(mutex_);
    return waiting_;
}

}  // namespace tecnochat::sealing::testing
