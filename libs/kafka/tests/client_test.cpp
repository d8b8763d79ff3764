#include "client.hpp"

#include <catch2/catch.hpp>

using namespace tecnochat::kafka;

TEST_CASE("only brokers that are away are lost: other trouble gives nobody the right to join again"
) {
    CHECK(means_lost_brokers(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN));
    CHECK(means_lost_brokers(RD_KAFKA_RESP_ERR__TRANSPORT));
    for (const auto code :
         {RD_KAFKA_RESP_ERR__SSL,
          RD_KAFKA_RESP_ERR__RESOLVE,
          RD_KAFKA_RESP_ERR__AUTHENTICATION,
          RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED}) {
        INFO(rd_kafka_err2name(code));
        CHECK_FALSE(means_lost_brokers(code));
    }
}
