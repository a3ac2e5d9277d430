/* The smallest program that makes an image: code and data in RAM. */
__attribute__((section(".dram.data"))) unsigned counter = 7;
__attribute__((section(".iram.text"))) void start(void) { for (;;) counter++; }
