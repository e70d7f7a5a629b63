#include "http/server.h"

#include <unistd.h>

#include <cerrno>
#include <future>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/event_loop.h"
#include "http/field_text.h"
#include "http/listen_socket.h"
#include "http/service.h"

namespace estoc::http {
namespace {

constexpr int kAcceptsAtOnce = 64;
constexpr std::chrono::milliseconds kAcceptRetry{50};  // after the system ran out of descriptors
// Connections past the limit that are told so; any more are closed unheard.
constexpr int kRefusalsMax = 64;

// A client between the listener's thread and its own.
struct Accepted {
  Accepted(std::unique_ptr<ConnectionSlot> slot, int fd, std::string remote, bool is_refused)
      : slot(std::move(slot)), fd(fd), remote(std::move(remote)), is_refused(is_refused) {}
  ~Accepted() {
    if (fd >= 0) ::close(fd);
  }
  Accepted(const Accepted&) = delete;
  Accepted& operator=(const Accepted&) = delete;

  std::unique_ptr<ConnectionSlot> slot;
  int fd;
  std::string remote;
  bool is_refused;
};

void begin_connection(Worker& worker, const std::shared_ptr<Service>& service, Accepted& accepted) {
  const auto connection = std::make_shared<Connection>(worker, service, std::move(accepted.slot),
                                                       std::exchange(accepted.fd, -1), std::move(accepted.remote));
  if (accepted.is_refused) {
    connection->refuse(503, "the server has no room for another connection");
  } else {
    connection->start();
  }
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

struct Server::Impl {
  Impl(ServerConfig config, Handler handler)
      : service(std::make_shared<Service>(std::move(config), std::move(handler))) {}

  void wait_for_clients();
  void accept_clients();
  void hand_over(int fd, std::string remote);
  void for_each_worker(const std::function<void(Worker&)>& work);

  const std::shared_ptr<Service> service;
  std::vector<std::unique_ptr<Worker>> workers;
  uint16_t port = 0;
  // The first worker's thread.
  std::unique_ptr<LoopSocket> listener;
  std::unique_ptr<LoopTimer> retry;
  size_t next_worker = 0;
};

void Server::Impl::wait_for_clients() {
  if (!service->is_stopping) listener->wait_readable([this] { accept_clients(); });
}

void Server::Impl::accept_clients() {
  for (int i = 0; i < kAcceptsAtOnce && !service->is_stopping; ++i) {
    std::string remote;
    const int fd = accept_peer(listener->fd(), remote);
    if (fd >= 0) {
      hand_over(fd, std::move(remote));
    } else if (errno == EAGAIN) {
      break;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      log_warn("http: cannot accept a connection: {}", std::generic_category().message(errno));
      retry->set(EventLoop::Clock::now() + kAcceptRetry, [this] { wait_for_clients(); });
      return;
    }  // else the client left before it was accepted
  }
  wait_for_clients();
}

void Server::Impl::hand_over(int fd, std::string remote) {
  Worker& worker = *workers[next_worker++ % workers.size()];
  const int room = service->config.connections_max - service->connection_count();
  // Shared because std::function wants to copy.
  const auto accepted =
      std::make_shared<Accepted>(std::make_unique<ConnectionSlot>(service), fd, std::move(remote), room <= 0);
  if (room <= -kRefusalsMax) return;
  worker.loop->post([this, &worker, accepted] { begin_connection(worker, service, *accepted); });
}

// Runs `work` on each worker's thread and waits for all.
void Server::Impl::for_each_worker(const std::function<void(Worker&)>& work) {
  std::vector<std::future<void>> done;
  for (const auto& worker : workers) {
    auto promise = std::make_shared<std::promise<void>>();
    done.push_back(promise->get_future());
    // A loop that has stopped drops the work and with it the promise, which ends the wait as well.
    worker->loop->post([&work, &worker, promise] {
      work(*worker);
      promise->set_value();
    });
  }
  for (const auto& one : done) one.wait();
}

Server::Server(ServerConfig config, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(handler))) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

void Server::listen() {
  ESTOC_CHECK(impl_->workers.empty());
  const ServerConfig& config = impl_->service->config;
  raise_descriptor_limit();
  const int fd = open_listen_socket(config.host, config.port);
  const uint16_t port = local_port(fd);
  // Kept apart until nothing can fail any more; the order makes a throw destroy the listener before its loop.
  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(std::make_unique<Worker>());
  auto listener = std::make_unique<LoopSocket>(*workers[0]->loop, fd);
  auto retry = std::make_unique<LoopTimer>(*workers[0]->loop);
  for (int i = 1; i < config.threads; ++i) workers.push_back(std::make_unique<Worker>());
  for (const auto& worker : workers) worker->loop->start(LoopPriority::background);
  impl_->port = port;
  impl_->workers = std::move(workers);
  impl_->listener = std::move(listener);
  impl_->retry = std::move(retry);
  impl_->workers[0]->loop->post([impl = impl_.get()] { impl->wait_for_clients(); });
}

uint16_t Server::port() const { return impl_->port; }

int Server::connection_count() const { return impl_->service->connection_count(); }

size_t Server::body_bytes() const { return impl_->service->body_budget->taken_bytes(); }

void Server::stop(std::chrono::milliseconds grace) {
  Impl& impl = *impl_;
  if (impl.workers.empty() || impl.service->is_stopping.exchange(true)) return;
  for (const auto& worker : impl.workers) ESTOC_CHECK(!worker->loop->is_own_thread());
  impl.for_each_worker([&impl](Worker& worker) {
    if (&worker == impl.workers[0].get()) impl.listener->close();
    const std::vector<std::shared_ptr<Connection>> all(worker.connections.begin(), worker.connections.end());
    for (const auto& connection : all) connection->close_when_idle();
  });
  impl.service->wait_for_no_connection(grace);
  impl.for_each_worker([&impl](Worker& worker) {
    if (&worker == impl.workers[0].get()) {
      impl.listener.reset();
      impl.retry.reset();
    }
    const std::vector<std::shared_ptr<Connection>> all(worker.connections.begin(), worker.connections.end());
    for (const auto& connection : all) connection->close();
    worker.pace.reset();  // its timer is the loop's
  });
  for (const auto& worker : impl.workers) {
    worker->loop->stop();
    worker->connections.clear();
  }
}

}  // namespace estoc::http
