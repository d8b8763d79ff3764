// Goal: over https a request reaches only a server that proves its name by TLS 1.2 or newer.
#include <catch2/catch.hpp>

#include "fixture.hpp"
#include "tecnochat/testkit/certificates.hpp"

namespace tecnochat::http_client::testing {
namespace {

RawServer::Play answer_all() {
    return [](Peer& peer) {
        while (peer.read_request()) peer.write(http("200 OK", ""));
    };
}

}  // namespace

TEST_CASE("a certificate of a believed CA and of the right name is accepted, and only such") {
    testkit::TestCertificates certificates;
    certificates.make_ca("public");
    certificates.make_ca("foreign");
    const ClientConfig config{.ca_file = certificates.path("public.pem")};
    {
        RawServer server(
            certificates.issue("good", "DNS:localhost", "public", "public"), answer_all()
        );
        Calls calls({server.url()}, config);
        for (int i = 0; i < 3; ++i) CHECK(status_of(calls.call(Calls::post(server.url()))) == 200);
        CHECK(server.connections() == 1);
    }
    for (const auto& files :
         {certificates.issue("a", "DNS:localhost", "foreign", "public"),
          certificates.issue("b", "DNS:graph.example", "public", "public")}) {
        RawServer server(files, answer_all());
        Calls calls({server.url()}, config);
        const auto outcome = calls.call(Calls::post(server.url()));
        CHECK(is_nothing_sent(outcome, NothingSent::Why::kHandshake));
        CHECK(server.requests().empty());
    }
}

TEST_CASE("without a CA of its own a client believes the system's") {
    testkit::TestCertificates certificates;
    certificates.make_ca("public");
    RawServer server(certificates.issue("a", "DNS:localhost", "public", "public"), answer_all());
    Calls calls({server.url()});
    CHECK(is_nothing_sent(calls.call(Calls::post(server.url())), NothingSent::Why::kHandshake));
}

TEST_CASE("a server that speaks no TLS, or an old one, gets nothing") {
    RawServer plain([](Peer& peer) { peer.write(http("400 Bad Request", "")); });
    const auto url = "https://localhost" + plain.url().substr(plain.url().rfind(':'));
    Calls calls({url});
    CHECK(is_nothing_sent(calls.call(Calls::post(url)), NothingSent::Why::kHandshake));

    testkit::TestCertificates certificates;
    certificates.make_ca("public");
    RawServer old(
        certificates.issue("a", "DNS:localhost", "public", "public"), answer_all(), TLS1_1_VERSION
    );
    Calls to_old({old.url()}, {.ca_file = certificates.path("public.pem")});
    CHECK(is_nothing_sent(to_old.call(Calls::post(old.url())), NothingSent::Why::kHandshake));
}

}  // namespace tecnochat::http_client::testing
