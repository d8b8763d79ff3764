#pragma once

#include <span>

#include "directory.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/record.hpp"

namespace tecnochat::message_router {

/// Topic channel.events: keeps the directory of numbers. Older epochs change nothing. Used by one
/// thread.
class UpdateChannels {
 public:
    UpdateChannels(postgres::Pool& pool, Directory& directory, kafka::DeadLetters& dead_letters)
        : pool_(pool), directory_(directory), dead_letters_(dead_letters) {}

    Status operator()(std::span<const kafka::Record> records);

 private:
    postgres::Pool& pool_;
    Directory& directory_;
    kafka::DeadLetters& dead_letters_;
};

}  // namespace tecnochat::message_router
