#pragma once

#include <ostream>
#include <vector>

#include "kafka_admin.hpp"
#include "tecnochat/core/result.hpp"
#include "topics_file.hpp"

namespace tecnochat::provision {

/// Makes the cluster agree with the file: missing topics are created, settings and rights that
/// differ are changed. Writes one line per change to `out`; returns their number, 0 when all
/// agreed, once the broker applies all of it. kFailedPrecondition when a topic has another number
/// of partitions: growth would remap keys. Topics that the file does not name are left alone.
Result<int> provision_topics(
    const std::vector<Topic>& topics, KafkaAdmin& admin, std::ostream& out
);

}  // namespace tecnochat::provision
