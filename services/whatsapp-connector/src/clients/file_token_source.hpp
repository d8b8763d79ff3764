#pragma once

#include <sys/stat.h>

#include <string>

#include "ports.hpp"
#include "tecnochat/core/guarded.hpp"

namespace tecnochat::whatsapp_connector {

/// One token for all numbers, from a file that only its owner may read. Each call looks whether the
/// file is still the one that was read, so that a replaced file counts at once. Until the vault
/// exists (issue 2, "Not now").
class FileTokenSource final : public TokenSource {
 public:
    explicit FileTokenSource(std::string path) : path_(std::move(path)) {}
    /// kFailedPrecondition when the file is missing, empty, or readable by others.
    Result<Secret> token(const std::string& phone_number_id) override;
    /// Whether there is a token at all: what a start without one would learn too late.
    Status check();

 private:
    /// The token and the file that it was read from; empty where the next call must read again.
    struct Read {
        Secret token;
        timespec modified{};
        off_t size = 0;
        ino_t inode = 0;

        [[nodiscard]] bool is_of(const struct stat& file) const;
    };

    std::string path_;
    Guarded<Read> last_;
};

}  // namespace tecnochat::whatsapp_connector
