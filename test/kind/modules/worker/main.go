// What runs in the pods of the kind test.
//
//	worker [SECONDS]      works for so long and succeeds; without a number until it is told to stop
//	worker sleep SECONDS  the same, as busybox has it, of which the examples speak
//	worker pause          holds the namespaces of a pod, as Kubernetes' own pause does
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	if len(os.Args) > 1 && os.Args[1] == "pause" {
		signal.Ignore(syscall.SIGCHLD) // the kernel reaps what ends here
		<-stop
		return
	}
	arguments := os.Args[1:]
	if len(arguments) > 1 && arguments[0] == "sleep" {
		arguments = arguments[1:]
	}
	var done <-chan time.Time
	if len(arguments) > 0 {
		seconds, err := strconv.Atoi(arguments[0])
		if err != nil {
			fmt.Fprintf(os.Stderr, "worker: %q is no number of seconds\n", arguments[0])
			os.Exit(2)
		}
		done = time.After(time.Duration(seconds) * time.Second)
	}
	host, _ := os.Hostname()
	fmt.Println(host, "works")
	select {
	case <-done:
	case <-stop:
		os.Exit(143)
	}
}
